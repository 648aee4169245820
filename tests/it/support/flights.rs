//! Who is inside, and who has gone: to be waited for.

use std::future::{Pending, pending};

use axum::body::Body;
use buttress::prelude::*;
use buttress::stage::{Decision, DecisionOf, Waited};
use buttress_testkit::body::Frames;

use http_body_util::BodyExt;
use tokio::sync::{oneshot, watch};

use super::soon;

/// Counts the requests inside; one that leaves in any way is counted out again.
#[derive(Clone)]
pub(crate) struct Flights(watch::Sender<usize>);

impl Flights {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Waits until so many are inside.
    pub(crate) async fn reach(&self, inside: usize) {
        let mut now = self.0.subscribe();
        let what = format!("{inside} requests inside");
        soon(&what, now.wait_for(|now| *now == inside)).await.unwrap();
    }
}

pub(crate) struct Flight(watch::Sender<usize>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.send_modify(|inside| *inside -= 1);
    }
}

impl Gate for Flights {
    type Memo = Flight;

    fn enter(&self, _: &mut dyn RequestHead) -> Result<Flight, Problem> {
        self.0.send_modify(|inside| *inside += 1);
        Ok(Flight(self.0.clone()))
    }
}

/// Waits for ever at `/endless`.
pub(crate) struct Endless;

impl Stage for Endless {
    type Memo = ();
    type Wait = Pending<()>;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match request.uri().path() {
            "/endless" => Decision::Wait(pending()),
            _ => Decision::Pass(()),
        }
    }

    fn resume(&self, (): Waited<Self>, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        Decision::Pass(())
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
}

/// Comes when what it was made with is gone.
pub(crate) struct Gone(oneshot::Receiver<()>);

impl Gone {
    pub(crate) async fn wait(self) {
        soon("the body to be dropped", self.0).await.expect_err("nothing is sent");
    }
}

/// This body, and the news of its end.
pub(crate) fn guarded(frames: Frames) -> (Body, Gone) {
    let (guard, gone) = oneshot::channel::<()>();
    let body = frames.map_frame(move |frame| {
        let _held = &guard;
        frame
    });
    (Body::new(body), Gone(gone))
}
