//! What several modules call with.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::outcome::HttpClassify;
use buttress_core::sync::Lock;
use buttress_retry::{Attempt, Backoff, Budget, ReplayBody, Retry, RetryBuilder};
use buttress_testkit::mock::{self, Handle, Mock, MockError};
use buttress_testkit::poll;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

pub type Sends = Full<Bytes>;
pub type Inner = Mock<ReplayBody<Sends>>;
pub type Hand = Handle<ReplayBody<Sends>>;
pub type Client = Retry<Inner, HttpClassify, ManualClock>;

/// Three attempts, a hundred milliseconds and then two hundred, and as many repeats as one likes.
pub fn up_to(tries: u32, clock: &ManualClock) -> RetryBuilder<HttpClassify, ManualClock> {
    Retry::up_to(tries)
        .backoff(Backoff::exponential(Duration::from_millis(100)).max(Duration::from_secs(2)))
        .budget(Budget::dangerous_unlimited())
        .clock(clock.clone())
        .timer(clock.clone())
}

/// A client around a mock.
pub fn client(builder: RetryBuilder<HttpClassify, ManualClock>) -> (Client, Hand) {
    let (service, inner) = mock::service();
    (builder.build().unwrap().layer(service), inner)
}

pub fn get() -> Request<Sends> {
    Request::get("http://stock.internal/lamps").body(Full::default()).unwrap()
}

pub fn status(code: u16) -> Response<Full<Bytes>> {
    Response::builder().status(code).body(Full::default()).unwrap()
}

pub type Flight = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, MockError>> + Send>>;

pub fn send(client: &Client, request: Request<Sends>) -> Flight {
    Box::pin(client.clone().oneshot(request))
}

/// Polls as often as it takes, and lets the clock go on from sleep to sleep.
pub fn finish(clock: &ManualClock, mut flight: Flight) -> Result<Response<Full<Bytes>>, MockError> {
    loop {
        if let Poll::Ready(result) = poll::poll_once(&mut flight) {
            return result;
        }
        assert!(clock.sleepers() > 0, "it waits for something that is not time");
        clock.advance(Duration::from_millis(1));
    }
}

/// Sends, and says what came back: a status, or nothing for an error.
pub fn outcome(clock: &ManualClock, client: &Client, request: Request<Sends>) -> Option<u16> {
    let result = finish(clock, send(client, request));
    result.ok().map(|response| response.status().as_u16())
}

/// Answers the attempts of all calls in turn, and ever after as the last; keeps when they came, and with which number.
pub fn script(
    clock: &ManualClock,
    inner: &Hand,
    answers: &[u16],
) -> Arc<Lock<Vec<(Duration, u32)>>> {
    use buttress_core::clock::Clock;
    let (began, clock) = (clock.now(), clock.clone());
    let seen = Arc::new(Lock::new(Vec::new()));
    let (noted, answers) = (seen.clone(), answers.to_vec());
    inner.answer_with(move |request| {
        let mut seen = noted.lock();
        let at = seen.len().min(answers.len() - 1);
        seen.push((clock.now() - began, Attempt::of(&request).number()));
        match answers[at] {
            0 => Err(MockError::new("no answer")),
            code => Ok(status(code)),
        }
    });
    seen
}

/// Calls a service that is ready.
pub fn call<S, R>(service: &mut S, request: R) -> S::Future
where
    S: Service<R>,
    S::Error: std::fmt::Debug,
{
    let readiness = poll::Wakes::new();
    assert!(matches!(readiness.enter(|cx| service.poll_ready(cx)), Poll::Ready(Ok(()))));
    service.call(request)
}
