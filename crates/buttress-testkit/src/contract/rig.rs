use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use tokio::time::timeout;

use super::{Readable, Subject, Terms};
use crate::body::Frames;
use crate::mock::{Call, Handle, MockError};

/// One layer around one mock, and the moves that the scripts are made of.
pub(super) struct Rig<S, InB> {
    pub(super) service: S,
    pub(super) inner: Handle<InB, Frames>,
    pub(super) terms: Terms,
}

pub(super) type Flight<S> = Pin<Box<<S as tower_service::Service<Request<Frames>>>::Future>>;

pub(super) type Held<InB> = Call<InB, Frames>;

impl<S: Subject, InB: Readable> Rig<S, InB> {
    pub(super) fn request(&self, body: Frames) -> Request<Frames> {
        (self.terms.request)().map(|()| body)
    }

    /// Calls the service as a server does: readiness first.
    pub(super) async fn start(&mut self, body: Frames) -> Result<Flight<S>, String> {
        ready(&mut self.service).await?;
        let request = self.request(body);
        Ok(Box::pin(self.service.call(request)))
    }

    /// Calls the service, and drives the future until the inner service was called.
    pub(super) async fn reach(&mut self, body: Frames) -> Result<(Flight<S>, Held<InB>), String> {
        self.inner.hold();
        let mut flight = self.start(body).await?;
        let mut calls = self.arrivals(std::slice::from_mut(&mut flight)).await?;
        let call = calls.pop().ok_or("no call arrived")?;
        Ok((flight, call))
    }

    /// Drives the futures until each of them has called the inner service.
    pub(super) async fn arrivals(
        &self,
        flights: &mut [Flight<S>],
    ) -> Result<Vec<Held<InB>>, String> {
        let mut calls = Vec::new();
        let arrivals = poll_fn(|cx| {
            for flight in &mut *flights {
                if flight.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(
                        "it answered, and the inner service had not".to_owned()
                    ));
                }
            }
            while calls.len() < flights.len() {
                match self.inner.poll_call(cx) {
                    Poll::Ready(call) => calls.push(call),
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(Ok(()))
        });
        soon("the call of the inner service", arrivals).await??;
        Ok(calls)
    }

    /// A plain request, answered at once, ends well.
    pub(super) async fn answers(&mut self) -> Result<(), String> {
        self.inner.answer();
        let flight = self.start(Frames::new()).await?;
        land::<S>(flight).await?;
        self.nothing_is_taken()
    }

    pub(super) fn nothing_is_taken(&self) -> Result<(), String> {
        let counts = self.inner.counts();
        ensure!(
            counts.reservations == 0 && counts.in_flight == 0,
            "{} reserved and {} in flight are not given back",
            counts.reservations,
            counts.in_flight
        );
        Ok(())
    }
}

pub(super) async fn ready<S: Subject>(service: &mut S) -> Result<(), String> {
    let readiness = poll_fn(|cx| service.poll_ready(cx));
    soon("readiness", readiness).await?.map_err(|error| format!("not ready: {}", error.into()))
}

/// Drives the future to its response.
pub(super) async fn land<S: Subject>(flight: Flight<S>) -> Result<Response<S::Body>, String> {
    let outcome = soon("the response", flight).await?;
    outcome.map_err(|error| format!("an error instead of the response: {}", error.into()))
}

/// Waits for what should come; a script that waits for ever is no verdict.
pub(super) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> Result<T, String> {
    timeout(Duration::from_secs(5), future).await.map_err(|_| format!("{what} never came"))
}

/// Whether `error` is the one that the mock made, in a box at most.
pub(super) fn is_unchanged(
    error: impl Into<Box<dyn Error + Send + Sync>>,
    expected: &MockError,
) -> Result<(), String> {
    let error = error.into();
    let unchanged = error.downcast_ref::<MockError>() == Some(expected);
    ensure!(unchanged, "`{error}` came out instead of `{expected}`");
    Ok(())
}
