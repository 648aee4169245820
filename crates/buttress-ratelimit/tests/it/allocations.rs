//! What a request costs on the heap, exactly.

use std::convert::Infallible;
use std::future::Ready;
use std::task::{Context, Poll, Waker};

use buttress_core::stage::Stage;
use buttress_core::{Audit, Context as RequestsContext};
use buttress_ratelimit::when::{addresses, method, path_prefix};
use buttress_ratelimit::{
    Algorithm, POST, Policy, Quota, RateLimit, RateLimitBuilder, address, api_key,
};
use buttress_testkit::allocations;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::util::ServiceFn;
use tower::{Layer, Service, service_fn};

use crate::support::of;

const MOST: u64 = 1_000_000;

fn limits(policies: impl IntoIterator<Item = Policy>) -> RateLimitBuilder {
    let builder =
        RateLimit::builder().exempt(addresses(["10.0.0.0/8"])).exempt(path_prefix("/health"));
    policies.into_iter().enumerate().fold(builder.audit(Audit::none()), |builder, (at, policy)| {
        builder.policy(format!("policy-{at}"), policy)
    })
}

fn request() -> Request<()> {
    let request = Request::post("/orders/7").header("x-api-key", "k-17").body(()).unwrap();
    of(request, "203.0.113.7")
}

type Answered = Result<Response<Full<Bytes>>, Infallible>;

fn inner() -> ServiceFn<fn(Request<()>) -> Ready<Answered>> {
    fn answer(request: Request<()>) -> Ready<Answered> {
        drop(request);
        std::future::ready(Ok(Response::new(Full::default())))
    }
    service_fn(answer)
}

/// What a whole call allocates, the request itself and dropping the response left out.
fn of_a_call<S, B>(service: &mut S) -> u64
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let mut call = || {
        let request = allocations::uncounted(request);
        let mut future = std::pin::pin!(service.call(request));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(response)) => response,
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => panic!("nothing waits here"),
        }
    };
    // The first two make what all others share.
    drop(call());
    drop(call());
    let (response, count) = allocations::of(call);
    drop(response);
    count.allocations()
}

fn through(limits: &RateLimit) -> u64 {
    of_a_call(&mut limits.layer().layer(inner()))
}

#[test]
fn an_allowed_request_allocates_nothing() {
    let quota = || Quota::per_second(MOST);
    assert_eq!(through(&limits([quota().by(address())]).build().unwrap()), 0);
    let many = limits([
        quota().by(address()),
        quota().by(api_key()).when(method(POST)),
        quota().by((address(), api_key())).unless(path_prefix("/files")),
        quota().by(address()).shadow(),
        Quota::per(std::time::Duration::from_secs(1), 64)
            .algorithm(Algorithm::SlidingLog)
            .by(address()),
        quota().algorithm(Algorithm::FixedWindow).by(address()),
        quota().algorithm(Algorithm::SlidingCounter).by(address()),
    ]);
    assert_eq!(through(&many.build().unwrap()), 0);
    let exempt = limits([quota().by(address())]).exempt(method(POST)).build().unwrap();
    assert_eq!(through(&exempt), 0);
}

#[test]
fn what_waits_for_its_answer_allocates_once() {
    let failures = limits([Quota::per_second(MOST).by(address()).only_failures()]).build().unwrap();
    assert_eq!(through(&failures), 1);
    let slots = limits([Quota::at_once(9).by(address())]).build().unwrap();
    assert_eq!(through(&slots), 1);
    let reported =
        limits([Quota::per_second(MOST).by(address()).cost_reported(9)]).build().unwrap();
    assert_eq!(through(&reported), 5);
}

#[test]
fn headers_on_success_take_as_few_as_is_said_beside_the_table() {
    let shown =
        limits([Quota::per_second(MOST).by(address()), Quota::per_hour(MOST).by(api_key())]);
    let shown = shown.headers_on_success().build().unwrap();
    // The response of this service has no headers: its table takes two.
    assert_eq!(through(&shown), 2 + 2);
    let one = limits([Quota::per_second(MOST).by(address())]);
    assert_eq!(through(&one.headers_on_success().build().unwrap()), 1 + 2);
    let some = limits([Quota::per_second(MOST).by(address()), Quota::per_hour(MOST).by(api_key())])
        .policy("reads", Quota::per_hour(MOST).by(api_key()).unless(method(POST)));
    assert_eq!(through(&some.headers_on_success().build().unwrap()), 2 + 2);
    // What waits for its answer is told as it is then, out of what is kept for it.
    let failures = limits([Quota::per_second(MOST).by(address()).only_failures()]);
    assert_eq!(through(&failures.headers_on_success().build().unwrap()), 1 + 1 + 2);
    let reported = limits([Quota::per_second(MOST).by(address()).cost_reported(9)]);
    assert_eq!(through(&reported.headers_on_success().build().unwrap()), 6 + 1 + 2);
}

/// The problem, its body, the tables of headers and of extensions with what is in them, and what headers say. A time to
/// wait of more than 999 seconds is one more.
#[test]
fn a_refusal_allocates_eight_times() {
    let policy = || Quota::per_minute(1).by(address());
    let silent = limits([policy()]).headers([]).build().unwrap();
    let told = limits([policy()]).build().unwrap();
    assert_eq!(through(&silent), 7);
    assert_eq!(through(&told), 8);
    let context = || RequestsContext::default();
    let around = |stage| of_a_call(&mut context().then(stage).layer().layer(inner()));
    let alone = of_a_call(&mut context().layer().layer(inner()));
    let told = around(told.stage());
    assert!(told <= alone + 8, "{told} with a context, which takes {alone} by itself");
}
