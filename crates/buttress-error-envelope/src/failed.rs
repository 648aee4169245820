//! What becomes of a failure.

use std::pin::pin;
use std::task::{Context, Poll};

use buttress_core::render::{self, NoFailure};
use buttress_core::stage::BodyMode;
use buttress_core::{Code, Problem};
use bytes::{Bytes, BytesMut};
use http::Response;
use http::header::{RETRY_AFTER, TRAILER};
use http_body::Body;

use crate::foreign::{self, Look};
use crate::future::{Manner, is_failure};
use crate::rules::Rules;

/// The response as its client gets it. A status of gRPC is a success to HTTP: where nobody stands outside, a problem in
/// that shape is ours to settle.
#[cold]
pub(crate) fn looked_at<B, M>(
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
        Manner::Off => response.map(M::wrap),
        Manner::LeftAlone => left(response.map(M::wrap), None),
        Manner::OfTheContext => mended::<B, M>(response, rules, cx),
        Manner::Alone { asked, is_left } => {
            let is_failure = is_failure(response.status());
            let is_unsettled = render::is_unsettled(response.extensions());
            let mut response = match (is_failure, is_unsettled) {
                (false, false) => return response.map(M::wrap),
                (_, true) => response.map(M::wrap),
                (true, false) if *is_left => left(response.map(M::wrap), None),
                (true, false) => mended::<B, M>(response, rules, cx),
            };
            rules.answers.settle(&mut response, asked);
            response
        }
    }
}

/// The failure as it is. What it was is noted, so that log and metrics hear of it as of any other.
fn left<B>(mut response: Response<B>, code: Option<Code>) -> Response<B> {
    let extensions = response.extensions();
    if extensions.get::<Problem>().is_none() && extensions.get::<NoFailure>().is_none() {
        let problem = foreign::left(response.status(), code);
        response.extensions_mut().insert(problem);
    }
    response
}

/// The failure as it is, if it has the family's shape or is left alone; else a problem in its place, for the
/// context or for our own answers to render.
fn mended<B, M>(response: Response<B>, rules: &Rules, cx: &mut Context<'_>) -> Response<M::Body>
where
    B: Body<Data = Bytes>,
    M: BodyMode<B>,
{
    let (mut parts, body) = response.into_parts();
    let look = Look::of(&parts);
    if look == Look::Own || rules.leave_response(&parts) {
        return left(Response::from_parts(parts, M::wrap(body)), None);
    }
    let read = match look {
        Look::Text if !rules.keep_texts && parts.status.is_client_error() => None,
        Look::Other => None,
        _ => at_hand(body, rules.read_at_most, cx),
    };
    if let Some(bytes) = &read
        && let Some(code) = foreign::family_code(look, bytes, parts.status)
    {
        let code = Code::ALL.iter().find(|known| known.name() == code).copied();
        // Bytes have no trailers.
        parts.headers.remove(TRAILER);
        return left(Response::from_parts(parts, bytes.clone().into()), code);
    }
    // What a server says in another shape is for the log alone.
    let is_heard = look == Look::Text || parts.status.is_server_error();
    let text = read.as_deref().filter(|_| is_heard);
    let text = text.and_then(|bytes| str::from_utf8(bytes).ok());
    let redact = rules.answers.redact();
    let problem = foreign::problem(parts.status, &parts.headers, text, redact);
    // As it was said, which may be a date: the problem knows how long that is.
    let come_back = parts.headers.get(RETRY_AFTER).filter(|_| problem.retry_after().is_some());
    let come_back = come_back.cloned();
    let mut response = Response::from_parts(parts, Bytes::new().into());
    foreign::forbid_keeping(response.headers_mut());
    render::hand_over(&mut response, problem);
    if let Some(come_back) = come_back {
        response.headers_mut().insert(RETRY_AFTER, come_back);
    }
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
