//! A dependency that does what it is told: answers late, or with a failure.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use buttress::clock::{Clock, Moment, Timer, TokioClock, TokioTimer};
use buttress::retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;

/// How long it takes and with which status it answers: this time of asking, at this moment.
type Mood = dyn Fn(u64, Moment) -> (Duration, u16) + Send + Sync;

#[derive(Clone)]
pub(crate) struct Dependency {
    mood: Arc<Mood>,
    asked: Arc<AtomicU64>,
    clock: TokioClock,
}

pub(crate) fn request() -> Request<Empty<Bytes>> {
    Request::new(Empty::new())
}

impl Dependency {
    pub(crate) fn new(
        clock: TokioClock,
        mood: impl Fn(u64, Moment) -> (Duration, u16) + Send + Sync + 'static,
    ) -> Self {
        Self { mood: Arc::new(mood), asked: Arc::default(), clock }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// What would be a client of it.
impl tower::Service<Request<ReplayBody<Empty<Bytes>>>> for Dependency {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<ReplayBody<Empty<Bytes>>>) -> Self::Future {
        let time = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let (takes, status) = (self.mood)(time, self.clock.now());
        Box::pin(async move {
            if !takes.is_zero() {
                TokioTimer.sleep(takes).await;
            }
            let mut response = Response::new(Empty::new());
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
            Ok(response)
        })
    }
}
