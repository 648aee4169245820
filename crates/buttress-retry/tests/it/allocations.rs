//! What a call costs on the heap, exactly.

use std::convert::Infallible;
use std::future::Ready;
use std::pin::pin;

use buttress_core::clock::ManualClock;
use buttress_core::outcome::HttpClassify;
use buttress_retry::{Backoff, Budget, ReplayBody, RetryBuilder};
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, service_fn};

use crate::support::up_to;

type Sends = ReplayBody<Full<Bytes>>;
type Answered = Ready<Result<Response<()>, Infallible>>;

/// Reads what it gets, and answers like this.
fn answers(
    status: u16,
) -> impl Service<Request<Sends>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone {
    service_fn(move |request: Request<Sends>| async move {
        let mut body = pin!(request.into_body());
        while let Some(frame) = body.frame().await {
            drop(frame);
        }
        let mut response = Response::new(Full::from("an answer"));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    })
}

/// What a call allocates beside the request and the clone of its head.
fn of(builder: RetryBuilder<HttpClassify, ManualClock>, status: u16, body: &'static str) -> u64 {
    let mut service = builder.build().unwrap().layer(answers(status));
    let mut call = || {
        let request = allocations::uncounted(|| Request::get("/").body(Full::from(body)).unwrap());
        poll::assert_ready(pin!(service.call(request))).unwrap()
    };
    drop((call(), call()));
    let (response, count) = allocations::of(call);
    drop(response);
    count.allocations()
}

#[test]
fn success_allocates_once_for_a_body_and_not_without() {
    let clock = ManualClock::new();
    let plain = || up_to(3, &clock).budget(Budget::percent(20));
    assert_eq!(of(plain(), 200, ""), 0);
    assert_eq!(of(plain(), 200, "an order"), 1);
    assert_eq!(of(up_to(1, &clock), 200, "an order"), 0, "what is never repeated keeps nothing");
}

/// What was decided stands in a box, and the number of the attempt in the extensions, whose table takes three.
#[test]
fn a_repeat_allocates_little() {
    let clock = ManualClock::new();
    let twice = up_to(2, &clock).backoff(Backoff::none()).marker(None);
    let seen = of(twice, 503, "");
    assert!(seen <= 4, "{seen}");
}

#[test]
fn an_answer_moves_as_it_is() {
    // Named, so that a change of its size is seen.
    assert!(size_of::<Answered>() > 0);
    let future = size_of::<
        buttress_retry::ResponseFuture<
            tower::util::ServiceFn<fn(Request<Sends>) -> Answered>,
            Full<Bytes>,
            HttpClassify,
            ManualClock,
        >,
    >();
    assert!(future <= 640, "{future}");
}
