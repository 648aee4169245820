use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::rig::{Rig, ready, soon};
use super::{Readable, Subject};
use crate::body::Frames;

pub(super) async fn leave_nothing_taken<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    for place in ["call", "poll"] {
        match place {
            "call" => rig.inner.panic_in_call(),
            _ => rig.inner.panic_in_poll(),
        }
        // What the panic went through may be unusable; what it shares with others may not.
        let survivor = rig.service.clone();
        ready(&mut rig.service).await?;
        let request = rig.request(Frames::new());
        let service = &mut rig.service;
        let outcome = caught(async { soon("the response", service.call(request)).await }).await;
        match outcome {
            Err(_) if rig.terms.catches_panics => {
                return Err(format!("a panic in `{place}` propagated"));
            }
            Err(_) => {}
            Ok(response) => {
                response?.map_err(|error| format!("it became an error: {}", error.into()))?;
                ensure!(rig.terms.catches_panics, "a panic in `{place}` became a response");
            }
        }
        rig.service = survivor;
        rig.answers().await.map_err(|seen| format!("after a panic in `{place}`, {seen}"))?;
    }
    Ok(())
}

/// Runs to the end or to a panic, whose words it returns.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(words(&*panic))),
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without words"))
}
