//! What it costs, exactly.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context as Cx, Poll};
use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::render::{Answers, Format, Occasion, Render};
use buttress_core::stage::Stage;
use buttress_core::{Context, Detail, Problem};
use buttress_error_envelope::{
    ErrorEnvelopeLayer, HtmlPage, JsonApi, Negotiation, PlainText, ProblemJson, RichGrpcStatus,
};
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service};

/// Answers at once, without an allocation.
#[derive(Clone)]
struct Bare(StatusCode, &'static str);

impl Service<Request<()>> for Bare {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Full::new(Bytes::from_static(self.1.as_bytes())));
        *response.status_mut() = self.0;
        response.headers_mut().reserve(4);
        response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
        response.extensions_mut().insert(7_u8);
        ready(Ok(response))
    }
}

fn request() -> Request<()> {
    let mut request = Request::new(());
    // The first tables of extensions and headers are the server's.
    request.extensions_mut().insert(7_u8);
    request
}

fn allocations_of<S>(mut service: S, request: impl Fn() -> Request<()>) -> u64
where
    S: Service<Request<()>, Error = Infallible>,
{
    // The first request pays for what a thread keeps.
    drop(poll::assert_ready(Box::pin(service.call(request()))));
    let request = request();
    let (response, count) =
        allocations::of(|| poll::assert_ready(std::pin::pin!(service.call(request))));
    assert!(response.is_ok());
    count.allocations()
}

/// The allocations of the answer itself are those of the bare service.
fn beyond_bare(
    layer: &impl Layer<Bare, Service: Service<Request<()>, Error = Infallible>>,
    bare: &Bare,
) -> u64 {
    allocations_of(layer.layer(bare.clone()), request) - allocations_of(bare.clone(), request)
}

#[test]
fn success_costs_no_allocation() {
    let bare = Bare(StatusCode::OK, "hello");
    let envelope = ErrorEnvelopeLayer::default();
    assert_eq!(beyond_bare(&envelope, &bare), 0, "alone");
    assert_eq!(beyond_bare(&envelope.clone().leak(), &bare), 0, "alone, and leaked");

    let known = ErrorEnvelopeLayer::builder().within_context().build().unwrap();
    for envelope in [envelope, known] {
        let inside = Context::default().layer().layer(envelope.layer(bare.clone()));
        let without = Context::default().layer().layer(bare.clone());
        assert_eq!(allocations_of(inside, request), allocations_of(without, request));
    }
}

#[test]
fn a_context_that_negotiates_costs_two() {
    let formats = Negotiation::default().chooser();
    let negotiating = Context::builder().format(formats).build().unwrap();
    let enter = |accept: &'static str| {
        let mut request = request();
        request.headers_mut().insert("accept", HeaderValue::from_static(accept));
        drop(Stage::enter(&negotiating, &mut request));
        let mut request = self::request();
        request.headers_mut().insert("accept", HeaderValue::from_static(accept));
        allocations::of(|| drop(Stage::enter(&negotiating, &mut request))).1.allocations()
    };
    assert_eq!(enter("*/*"), 2);
    assert_eq!(enter("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), 2);
}

#[test]
fn a_rewritten_refusal_costs_eight_at_most() {
    for (bare, most) in
        [(Bare(StatusCode::NOT_FOUND, ""), 6), (Bare(StatusCode::BAD_REQUEST, "Pick a date."), 8)]
    {
        let envelope = ErrorEnvelopeLayer::default();
        let inside = Context::default().layer().layer(envelope.layer(bare.clone()));
        let without = Context::default().layer().layer(bare);
        let cost = allocations_of(inside, request) - allocations_of(without, request);
        assert!(cost <= most, "{cost} for {envelope:?}");
    }
}

#[test]
fn each_format_costs_what_its_page_says() {
    let problem = Problem::gone();
    let occasion = Occasion::at(Timestamp::EPOCH).correlation_id("r-1");
    for (format, most) in [
        (Format::JSON, 3),
        (Format::JSON.negotiated(), 3),
        (Format::new(ProblemJson::new()), 3),
        (Format::new(JsonApi), 3),
        (Format::new(PlainText), 4),
        (Format::new(HtmlPage), 4),
        (Format::GRPC, 6),
        (Format::new(RichGrpcStatus::new()), 12),
    ] {
        drop(format.render(&problem, &occasion));
        let ((), count) = allocations::of(|| drop(format.render(&problem, &occasion)));
        assert!(count.allocations() <= most, "{format:?}: {count:?}");
    }
}

/// A client that is refused again and again costs less each time, not only fewer bytes on the wire.
#[test]
fn a_brief_answer_costs_less_than_a_long_one() {
    let details = ["page", "size", "step"];
    let details = details.map(|name| Detail::query(name, "not_a_number", "must be a number"));
    let problem = Problem::validation(details).with_message("Three of them are no numbers.");
    let peer: SocketAddr = "203.0.113.7:1".parse().unwrap();
    for format in
        [Format::JSON, Format::new(ProblemJson::new()), Format::new(RichGrpcStatus::new())]
    {
        let cost = |refusals| {
            let chosen = format.clone();
            let answers = Answers::builder().format(move |_| chosen.clone());
            let answers = answers.brief_after(refusals, Duration::from_secs(60)).build().unwrap();
            let mut asks = request();
            asks.extensions_mut().insert(peer);
            let refused = || answers.answer(&problem, &answers.asked(&asks));
            // The first one also pays for what a thread keeps, and is the one that may be long.
            drop(refused());
            allocations::of(|| drop(refused())).1
        };
        let (brief, long) = (cost(1), cost(u32::MAX));
        assert!(brief.bytes() < long.bytes(), "{format:?}: {brief:?} {long:?}");
        assert!(brief.allocations() <= long.allocations(), "{format:?}: {brief:?} {long:?}");
    }
}
