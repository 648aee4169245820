//! A request through a limit in memory, by the address of the client.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context as Cx, Poll};

use axum::body::Body;
use buttress_core::Context;
use buttress_core::clock::CounterClock;
use buttress_core::stage::{Stage, StageLayer};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::{
    HeaderForm, LimitStage, Quota, RateLimit, RateLimitBuilder, address, api_key, route,
};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use super::plenty;
use crate::{Budget, Case, Run, get, requests};

/// A request that is allowed, and told nothing.
pub const ALLOWED: &str = "limit, a layer that allows";
/// The same where it belongs: one shell with the context, which has found out who is calling.
const FUSED: &str = "limit, fused with a context";
/// A request that is allowed, and told what is left.
pub const HEADERS: &str = "limit, a layer that allows, headers";
/// A request that is refused.
pub const REFUSAL: &str = "limit, a whole refusing response";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    let x_rate_limit = || one().headers([HeaderForm::XRateLimit]).headers_on_success();
    let strict = || RateLimit::builder().policy("per-address", Quota::per_hour(1).by(address()));
    let untold = strict().headers([]);
    vec![
        Case::bare(ALLOWED, allowed(Welcome)),
        Case::ours(ALLOWED, through(one())).within(Budget::new(1_010, 0)).on_two_threads(),
        Case::peer(ALLOWED, "ours, leaked", allowed(layer(one()).leak().layer(Welcome)))
            .on_two_threads(),
        Case::peer(ALLOWED, "ours, body kept", allowed(layer(one()).keep_body().layer(Welcome))),
        Case::peer(ALLOWED, "ours, the processor's counter", through(counted())),
        Case::peer(ALLOWED, "ours, three policies", through(three())),
        Case::bare(FUSED, allowed(Context::default().layer().layer(Welcome))),
        Case::ours(FUSED, fused(one())).within(Budget::new(785, 0)).on_two_threads(),
        Case::peer(FUSED, "ours, the processor's counter", fused(counted())),
        Case::bare(HEADERS, allowed(Welcome)),
        Case::ours(HEADERS, through(one().headers_on_success())).within(Budget::new(2_150, 1)),
        Case::peer(HEADERS, "ours, X-RateLimit", through(x_rate_limit())),
        Case::peer(HEADERS, "ours, three policies", through(three().headers_on_success())),
        Case::bare(REFUSAL, allowed(Welcome)),
        Case::ours(REFUSAL, refused(strict())).within(Budget::new(6_140, 6)),
        Case::peer(REFUSAL, "ours, Retry-After alone", refused(untold)),
    ]
}

fn one() -> RateLimitBuilder {
    RateLimit::builder().policy("per-address", quota().by(address()))
}

/// By the clock that governor goes by.
fn counted() -> RateLimitBuilder {
    one().engine(Memory::new().clock(CounterClock))
}

fn three() -> RateLimitBuilder {
    one().policy("per-key", quota().by(api_key())).policy("per-route", quota().by(route()))
}

fn quota() -> Quota {
    let (period, burst) = plenty(1);
    Quota::per(period, 1).burst(burst.into())
}

#[expect(clippy::expect_used, reason = "what cannot be measured must not look as if it were")]
fn layer(limits: RateLimitBuilder) -> StageLayer<LimitStage> {
    limits.build().expect("limits").layer()
}

fn through(limits: RateLimitBuilder) -> Run {
    allowed(layer(limits).layer(Welcome))
}

#[expect(clippy::expect_used, reason = "what cannot be measured must not look as if it were")]
fn fused(limits: RateLimitBuilder) -> Run {
    let limits = limits.build().expect("limits");
    allowed(Context::default().then(limits.stage()).layer().layer(Welcome))
}

fn allowed<S, R>(service: S) -> Run
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
{
    requests(service, get, StatusCode::OK)
}

/// The first request is allowed: it is sent at once.
fn refused(limits: RateLimitBuilder) -> Run {
    let limited = layer(limits).layer(Welcome);
    allowed(limited.clone())(1);
    requests(limited, get::<Full<Bytes>>, StatusCode::TOO_MANY_REQUESTS)
}

/// Greets as [`Hello`](crate::Hello) does, in a body of axum: `tower_governor` makes no other.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it will never hold anything")]
pub struct Welcome;

impl<B> Service<Request<B>> for Welcome {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drop(std::hint::black_box(request));
        let mut response = Response::new(Body::from("hello"));
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, plain);
        ready(Ok(response))
    }
}
