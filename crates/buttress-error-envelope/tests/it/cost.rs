//! What it costs, exactly.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context as Cx, Poll};

use buttress_core::clock::Timestamp;
use buttress_core::render::{Format, Occasion, Render};
use buttress_core::stage::Stage;
use buttress_core::{Context, Problem};
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
