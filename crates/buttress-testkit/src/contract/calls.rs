use std::future::{Future, poll_fn};
use std::task::Poll;

use http::{HeaderValue, Response, StatusCode};

use super::rig::{Flight, Held, Rig, is_unchanged, land, ready, soon};
use super::{Readable, Subject};
use crate::body::Frames;
use crate::mock::MockError;

/// Says which request an answer belongs to.
const MARK: &str = "x-contract-mark";

pub(super) async fn spend_the_readiness_they_polled<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    for turn in 1..=3 {
        let (flight, call) = rig.reach(Frames::new()).await?;
        let counts = rig.inner.counts();
        ensure!(counts.calls == turn, "{} calls for {turn} requests", counts.calls);
        let reserved = counts.reservations;
        ensure!(reserved == 0, "{reserved} inner instances are ready and not called");

        let answer = Response::builder().status(StatusCode::ACCEPTED).body(Frames::new());
        call.answer(answer.map_err(|error| error.to_string())?);
        let status = land::<S>(flight).await?.status();
        ensure!(status == StatusCode::ACCEPTED, "the answer's status became {status}");
        rig.nothing_is_taken()?;
    }
    Ok(())
}

/// Drops the future before its first poll, then after the first, then after the second …
pub(super) async fn give_back_when_dropped<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    for polls in 0..64 {
        rig.inner.hold();
        let flight = rig.start(Frames::new().data("unread")).await?;
        let is_complete = poll_times(&rig, flight, polls).await?;
        // Calls that were not taken hold requests, nothing else.
        while rig.inner.take_call().is_some() {}
        rig.nothing_is_taken().map_err(|seen| format!("dropped after {polls} polls, {seen}"))?;
        if is_complete {
            return rig.answers().await;
        }
    }
    rig.answers().await
}

/// Polls, drops, and says whether the response came before that.
async fn poll_times<S: Subject, InB: Readable>(
    rig: &Rig<S, InB>,
    mut flight: Flight<S>,
    mut polls: u32,
) -> Result<bool, String> {
    let mut progress = Progress::default();
    let polled = poll_fn(|cx| {
        while polls > 0 {
            polls -= 1;
            if flight.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            if !progress.advance(rig) {
                break;
            }
        }
        if polls == 0 { Poll::Ready(false) } else { Poll::Pending }
    });
    soon("the response", polled).await
}

/// Makes the inner future wake its task for nothing first, so that there is more than one await point.
struct Progress<InB> {
    call: Option<Held<InB>>,
    nudges: u32,
}

impl<InB> Default for Progress<InB> {
    fn default() -> Self {
        Self { call: None, nudges: 2 }
    }
}

impl<InB: Readable> Progress<InB> {
    /// Whether the future was given a reason to be polled again.
    fn advance<S>(&mut self, rig: &Rig<S, InB>) -> bool {
        let Some(call) = self.call.take().or_else(|| rig.inner.take_call()) else {
            return false;
        };
        if let Some(left) = self.nudges.checked_sub(1) {
            self.nudges = left;
            call.nudge();
            self.call = Some(call);
        } else {
            call.answer(Response::new(Frames::new().data("unread")));
        }
        true
    }
}

pub(super) async fn fail_as_the_inner_does<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    let expected = MockError::new("no luck");
    let (flight, call) = rig.reach(Frames::new()).await?;
    call.fail(expected.clone());
    match soon("the error", flight).await? {
        Err(error) => is_unchanged(error, &expected)?,
        Ok(response) => {
            let status = response.status();
            return Err(format!("the error became a response with status {status}"));
        }
    }
    rig.nothing_is_taken()?;
    rig.answers().await
}

pub(super) async fn get_their_own_answers<S: Subject, InB: Readable>(
    rig: Rig<S, InB>,
) -> Result<(), String> {
    let mut clones = Vec::new();
    let mut flights: Vec<Flight<S>> = Vec::new();
    rig.inner.hold();
    for mark in 0..rig.terms.concurrency {
        let mut service = rig.service.clone();
        ready(&mut service).await?;
        let mut request = rig.request(Frames::new());
        request.headers_mut().insert(MARK, HeaderValue::from(mark));
        flights.push(Box::pin(service.call(request)));
        clones.push(service);
    }
    // The last that came is the first that goes.
    for call in rig.arrivals(&mut flights).await?.into_iter().rev() {
        let mut answer = Response::new(Frames::new());
        let mark = call.request().headers().get(MARK).ok_or("a header of the request is gone")?;
        answer.headers_mut().insert(MARK, mark.clone());
        call.answer(answer);
    }
    for (mark, flight) in flights.into_iter().enumerate() {
        let response = land::<S>(flight).await?;
        let own = response.headers().get(MARK) == Some(&HeaderValue::from(mark));
        ensure!(own, "request {mark} got {:?}", response.headers().get(MARK));
    }
    rig.nothing_is_taken()
}

pub(super) async fn leave_no_trace_when_refused<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    let Some(refused) = rig.terms.refused.clone() else {
        return Ok(());
    };
    for is_polled in [true, false] {
        let body = Frames::new().data("unread");
        let handle = body.handle();
        ready(&mut rig.service).await?;
        let flight = Box::pin(rig.service.call(refused().map(|()| body)));
        if is_polled {
            // A response on the way in; an error, maybe, on the way out.
            drop(soon("the refusal", flight).await?);
        } else {
            drop(flight);
        }
        ensure!(rig.inner.counts().calls == 0, "the inner service was called");
        ensure!(handle.polls() == 0, "the body was read");
        ensure!(handle.is_dropped(), "the body is kept");
    }
    rig.answers().await
}
