use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use buttress_core::render::{self, Asked};
use buttress_core::stage::BodyMode;
use buttress_core::sync::Shared;
use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::foreign::{self, Look};
use crate::rules::Rules;

pin_project! {
    /// Response future of [`ErrorEnvelope`](crate::ErrorEnvelope).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, M> {
        #[pin]
        inner: F,
        rules: Shared<Rules>,
        manner: Manner,
        mode: PhantomData<fn() -> M>,
    }
}

/// Who gives a failure its shape.
pub(crate) enum Manner {
    /// Nobody.
    LeftAlone,
    /// The context outside.
    OfTheContext,
    /// We do; one that is left alone gets it if it is a problem already.
    Alone { asked: Asked, is_left: bool },
}

impl<F, M> ResponseFuture<F, M> {
    #[inline]
    pub(crate) fn new(inner: F, rules: Shared<Rules>, manner: Manner) -> Self {
        Self { inner, rules, manner, mode: PhantomData }
    }
}

impl<F, B, E, M> Future for ResponseFuture<F, M>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
    M: BodyMode<B>,
{
    type Output = Result<Response<M::Body>, E>;

    #[expect(clippy::inline_always, reason = "a call would move the response")]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.inner.poll(cx) {
            Poll::Ready(Ok(response)) if is_failure(response.status()) => {
                Poll::Ready(Ok(failed::<B, M>(response, this.rules, this.manner, cx)))
            }
            polled => M::wrap_polled(polled),
        }
    }
}

#[inline]
fn is_failure(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

#[cold]
fn failed<B, M>(
    response: Response<B>,
    rules: &Rules,
    manner: &Manner,
    cx: &mut Context<'_>,
) -> Response<M::Body>
where
    B: Body<Data = Bytes>,
    M: BodyMode<B>,
{
    match manner {
        Manner::LeftAlone => response.map(M::wrap),
        Manner::OfTheContext => mended::<B, M>(response, rules, cx),
        Manner::Alone { asked, is_left } => {
            let mut response =
                if *is_left { response.map(M::wrap) } else { mended::<B, M>(response, rules, cx) };
            rules.answers.settle(&mut response, asked);
            response
        }
    }
}

/// The failure as it is, if it has the family's shape or is left alone; else a problem in its place, for the
/// context or for our own answers to render.
fn mended<B, M>(response: Response<B>, rules: &Rules, cx: &mut Context<'_>) -> Response<M::Body>
where
    B: Body<Data = Bytes>,
    M: BodyMode<B>,
{
    let (parts, body) = response.into_parts();
    let look = Look::of(&parts);
    if look == Look::Own || rules.leave_response(&parts) {
        return Response::from_parts(parts, M::wrap(body));
    }
    let read = match look {
        Look::Text if !rules.keep_texts && parts.status.is_client_error() => None,
        Look::Json | Look::Text => at_hand(body, rules.read_at_most, cx),
        _ => None,
    };
    if look == Look::Json
        && let Some(bytes) = read.as_ref().filter(|bytes| foreign::is_envelope(bytes))
    {
        return Response::from_parts(parts, bytes.clone().into());
    }
    let text = read.as_deref().filter(|_| look == Look::Text);
    let text = text.and_then(|bytes| str::from_utf8(bytes).ok());
    let redact = rules.answers.redact();
    let problem = foreign::problem(parts.status, &parts.headers, text, redact);
    let mut response = Response::from_parts(parts, Bytes::new().into());
    render::hand_over(&mut response, problem);
    response
}

/// How many frames are looked at: a body may consist of empty ones for ever.
const MOST_FRAMES: usize = 64;

/// The whole body, if it is at hand: no longer than `most` bytes, and ready without waiting. So a body that
/// never ends, or trickles, costs neither time nor memory.
fn at_hand<B>(body: B, most: usize, cx: &mut Context<'_>) -> Option<Bytes>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > most as u64 {
        return None;
    }
    let mut body = pin!(body);
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    for _ in 0..MOST_FRAMES {
        let data = match body.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Poll::Ready(None) if all.is_empty() => return Some(first.unwrap_or_default()),
            Poll::Ready(None) => return Some(all.freeze()),
            Poll::Ready(Some(Err(_))) | Poll::Pending => return None,
        };
        let so_far = all.len().max(first.as_ref().map_or(0, Bytes::len));
        if so_far + data.len() > most {
            return None;
        }
        // Most bodies are one frame, which need not be copied.
        if first.is_none() {
            first = Some(data);
        } else {
            if all.is_empty() {
                all.extend_from_slice(first.as_deref().unwrap_or_default());
            }
            all.extend_from_slice(&data);
        }
    }
    None
}

impl<F: fmt::Debug, M> fmt::Debug for ResponseFuture<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}
