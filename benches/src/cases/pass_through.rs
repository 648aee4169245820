//! What the machinery costs when it has nothing to do.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::stage::{Never, RequestHead, Stage, StageLayer, gate_fn};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower::ServiceBuilder;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Budget, Case, Hello, welcomes};

const GROUP: &str = "one layer that does nothing";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mapped = ServiceBuilder::new().map_request(|r: Request<Full<Bytes>>| r).service(Hello);
    vec![
        Case::bare(GROUP, welcomes(Hello)).on_two_threads(),
        Case::peer(GROUP, "classical service", welcomes(PassThrough { inner: Hello })),
        Case::peer(GROUP, "tower MapRequestLayer", welcomes(mapped)),
        Case::ours(GROUP, welcomes(nothing().layer(Hello)))
            .on_two_threads()
            .within(Budget::new(102, 0)),
        Case::peer(GROUP, "ours, body kept", welcomes(nothing().keep_body().layer(Hello)))
            .within(Budget::new(107, 0)),
        Case::peer(GROUP, "ours, with state", welcomes(stateful().layer(Hello)))
            .on_two_threads()
            .within(Budget::new(127, 0)),
        Case::peer(GROUP, "ours, with state, leaked", welcomes(stateful().leak().layer(Hello)))
            .on_two_threads()
            .within(Budget::new(126, 0)),
    ]
}

fn nothing() -> StageLayer<impl Stage<Wait = Never>> {
    gate_fn(|_: &mut dyn RequestHead| Ok(())).layer()
}

/// The same, but it holds something, so it has to be shared.
fn stateful() -> StageLayer<impl Stage<Wait = Never>> {
    let held = black_box(7_u64);
    gate_fn(move |_: &mut dyn RequestHead| {
        assert_eq!(held, 7);
        Ok(())
    })
    .layer()
}

/// The least that a tower service with a named future can be.
#[derive(Clone)]
struct PassThrough<S> {
    inner: S,
}

impl<S, R> Service<R> for PassThrough<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = PassThroughFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: R) -> Self::Future {
        PassThroughFuture { inner: self.inner.call(request) }
    }
}

pin_project! {
    struct PassThroughFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for PassThroughFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<S: Service<Request<Full<Bytes>>>>(_: &S) -> usize {
        size_of::<S::Future>()
    }

    #[test]
    fn a_stage_that_never_waits_has_no_room_for_a_wait() {
        let bare = size_of_future(&Hello);
        let staged = size_of_future(&nothing().layer(Hello));
        // The stage, the setting about panics, and the memo: nothing as large as a request.
        assert!(staged <= bare + 32, "{staged} bytes around {bare}");
    }
}
