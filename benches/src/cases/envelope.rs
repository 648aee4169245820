//! The error envelope: what a success pays for it, what a foreign failure costs, and each format.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context as Cx, Poll};

use buttress_core::clock::Timestamp;
use buttress_core::render::{Format, Occasion, Render};
use buttress_core::stage::{RequestHead, Stage, gate_fn};
use buttress_core::{Code, Context, Problem};
use buttress_error_envelope::{
    ErrorEnvelopeLayer, HtmlPage, JsonApi, PlainText, ProblemJson, RichGrpcStatus,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Budget, Case, Hello, Run, get, requests, welcomes};

/// A success behind the envelope.
pub const SUCCESS: &str = "a success through the envelope";
/// An unknown route.
pub const REWRITING: &str = "a framework's 404, in a context";
/// A problem as RFC 9457 has it.
pub const PROBLEM_JSON: &str = "a refusal as RFC 9457";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    let (context, envelope) = (Context::default().layer(), ErrorEnvelopeLayer::default());
    let inside = context.clone().layer(envelope.clone().leak().layer(Hello));
    let within = ErrorEnvelopeLayer::builder().within_context().build().unwrap_or_default();
    let walled = Context::default().layer().keep_body().layer(within.layer(Hello));
    let refuse = gate_fn(|_: &mut dyn RequestHead| Err::<(), _>(Problem::new(Code::NOT_FOUND)));
    let refusal = Context::default().then(refuse).layer().layer(Hello);
    let rewritten = context.clone().layer(envelope.clone().layer(Lost));
    vec![
        Case::bare(SUCCESS, welcomes(context.layer(Hello))),
        Case::ours(SUCCESS, welcomes(context.clone().layer(envelope.layer(Hello))))
            .within(Budget::new(214, 0)),
        Case::peer(SUCCESS, "ours, leaked", welcomes(inside)),
        Case::peer(SUCCESS, "ours, as the wall has it", welcomes(walled)),
        Case::bare(REWRITING, requests(refusal, get::<Full<Bytes>>, StatusCode::NOT_FOUND)),
        Case::ours(REWRITING, requests(rewritten, get::<Full<Bytes>>, StatusCode::NOT_FOUND))
            .within(Budget::new(1_258, 0)),
        Case::ours(PROBLEM_JSON, encoding(Format::new(ProblemJson::new())))
            .within(Budget::new(4_430, 3)),
        Case::ours("a refusal as JSON:API", encoding(Format::new(JsonApi))),
        Case::ours("a refusal as text", encoding(Format::new(PlainText))),
        Case::ours("a refusal as HTML", encoding(Format::new(HtmlPage))),
        Case::ours("a refusal as a gRPC status", encoding(Format::GRPC)),
        Case::ours("a refusal as a rich gRPC status", encoding(Format::new(RichGrpcStatus::new()))),
    ]
}

fn encoding(format: Format) -> Run {
    let problem = Problem::new(Code::RATE_LIMITED).with_message(super::problem::MESSAGE);
    let occasion = Occasion::at(Timestamp::from_millis(1_795_247_160_123));
    let occasion = occasion.correlation_id("01jd6t8r5v8e6k7m3n2p1q0s9t");
    let encode = move || format.render(black_box(&problem), &occasion);
    Box::new(move |n| (0..n).for_each(|_| drop(black_box(encode()))))
}

/// Finds nothing, as a framework does.
#[derive(Clone, Copy, Debug)]
struct Lost;

impl<B> Service<Request<B>> for Lost {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drop(black_box(request));
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }
}
