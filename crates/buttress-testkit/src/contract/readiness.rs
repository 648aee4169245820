use std::task::Poll;

use super::rig::{Rig, is_unchanged, land, ready};
use super::{Readable, Subject};
use crate::body::Frames;
use crate::mock::MockError;
use crate::poll::Wakes;

pub(super) async fn is_the_inner_services<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    let (first, last) = (Wakes::new(), Wakes::new());
    rig.inner.pending();
    for wakes in [&first, &last] {
        let polled = wakes.enter(|cx| rig.service.poll_ready(cx));
        ensure!(polled.is_pending(), "not pending, though the inner service is");
    }
    rig.inner.ready();
    ensure!(last.count() > 0, "the task that polled last is not woken when that changes");

    for _ in 0..2 {
        ready(&mut rig.service).await?;
        let reserved = rig.inner.counts().reservations;
        ensure!(reserved == 1, "ready, and {reserved} inner instances are");
    }
    Ok(())
}

pub(super) fn fails_as_the_inner_does<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    let expected = MockError::new("worn out");
    rig.inner.fail_readiness(expected.clone());
    match Wakes::new().enter(|cx| rig.service.poll_ready(cx)) {
        Poll::Ready(Err(error)) => is_unchanged(error, &expected),
        Poll::Ready(Ok(())) => Err("ready, though the inner service failed".to_owned()),
        Poll::Pending => Err("pending, though the inner service failed".to_owned()),
    }
}

pub(super) async fn is_given_back_unused<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    let kept = rig.service.clone();
    ready(&mut rig.service).await?;
    rig.service = kept;
    rig.nothing_is_taken()?;
    rig.answers().await
}

pub(super) async fn is_not_cloned<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    ready(&mut rig.service).await?;
    let mut clone = rig.service.clone();
    rig.inner.pending();
    let polled = Wakes::new().enter(|cx| clone.poll_ready(cx));
    ensure!(polled.is_pending(), "the clone of a ready service is ready by that");

    rig.inner.ready();
    ready(&mut clone).await?;
    drop(clone);
    // The original was polled ready before; its readiness outlives the clone.
    let request = rig.request(Frames::new());
    land::<S>(Box::pin(rig.service.call(request))).await?;

    ready(&mut rig.service).await?;
    rig.service = rig.service.clone();
    rig.answers().await
}
