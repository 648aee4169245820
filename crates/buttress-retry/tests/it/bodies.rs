//! Bodies are sent again as they were, or not at all.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use buttress_core::clock::{ManualClock, ms};
use buttress_core::outcome::{HttpClassify, Judgement, Outcome, Reached, ReadError};
use buttress_retry::{Backoff, Repeatable, ReplayBody, RetryBuilder};
use buttress_testkit::body::Frames;
use buttress_testkit::mock::{self, Call, MockError};
use buttress_testkit::poll;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use crate::support::{status, up_to};

type Answer = Result<Response<Full<Bytes>>, MockError>;
type Held = Call<ReplayBody<Frames>>;

/// One call around a mock that holds what it gets.
struct Rig {
    clock: ManualClock,
    inner: mock::Handle<ReplayBody<Frames>>,
    flight: Pin<Box<dyn Future<Output = Answer>>>,
}

impl Rig {
    fn new(body: Frames) -> Self {
        Self::with(body, |builder| builder, |_| {})
    }

    fn with(
        body: Frames,
        change: impl FnOnce(
            RetryBuilder<HttpClassify, ManualClock>,
        ) -> RetryBuilder<HttpClassify, ManualClock>,
        mark: impl FnOnce(&mut Request<Frames>),
    ) -> Self {
        let clock = ManualClock::new();
        let (service, inner) = mock::service();
        inner.hold();
        let classify = HttpClassify::new().also(Arc::new(Unsent));
        let builder = up_to(3, &clock).backoff(Backoff::fixed(ms(100))).classify(classify);
        let client = change(builder).build().unwrap().layer(service);
        let mut request = Request::post("/").extension(Repeatable).body(body).unwrap();
        mark(&mut request);
        let flight = Box::pin(client.oneshot(request));
        Self { clock, inner, flight }
    }

    /// Goes on until the service is called.
    fn call(&mut self) -> Held {
        poll::assert_pending(&mut self.flight);
        self.clock.advance(ms(100));
        poll::assert_pending(&mut self.flight);
        self.inner.take_call().expect("it was called")
    }

    /// Whether the call ended.
    fn ended(&mut self) -> Option<u16> {
        match poll::poll_once(&mut self.flight) {
            Poll::Ready(Ok(response)) => Some(response.status().as_u16()),
            Poll::Ready(Err(_)) => Some(0),
            Poll::Pending => None,
        }
    }
}

/// Says of a certain error that nothing was sent.
struct Unsent;

impl ReadError for Unsent {
    fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement> {
        let is_unsent = error.downcast_ref() == Some(&MockError::new("unsent"));
        is_unsent.then_some(Judgement::new(Outcome::Failure).with_reached(Reached::No))
    }
}

/// Everything that a body has.
fn read(body: ReplayBody<Frames>) -> (Vec<Bytes>, Option<HeaderMap>) {
    let (mut body, mut data, mut trailers) = (Box::pin(body), Vec::new(), None);
    while let Some(frame) = poll::assert_ready(body.frame()) {
        match frame.unwrap().into_data() {
            Ok(bytes) => data.push(bytes),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    (data, trailers)
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("x-sum"), 7.into())])
}

#[test]
fn the_second_attempt_carries_the_whole_body() {
    let mut rig = Rig::new(Frames::new().data("one").data("two").of_unknown_size());
    for attempt in 1..=3 {
        let (request, call) = rig.call().split();
        let hint = request.body().size_hint().exact();
        assert_eq!(hint, (attempt > 1).then_some(6), "known, once it was seen");
        assert!(!request.body().is_end_stream());
        assert_eq!(read(request.into_body()).0, ["one", "two"]);
        call.answer(status(503));
    }
    assert_eq!(rig.ended(), Some(503));
}

/// A caller who sends byte by byte: each could be alone in a buffer that is a thousand times as large.
#[test]
fn a_small_frame_keeps_no_large_buffer() {
    let buffer = Bytes::from(vec![7; 4_096]);
    let (first, small, large) = (buffer.slice(..1), buffer.slice(1..2), buffer.slice(2..1_026));
    let body = Frames::new().data(first.clone()).data(small.clone()).data(large.clone());
    let mut rig = Rig::new(body);
    let places = |data: &[Bytes]| data.iter().map(|frame| frame.as_ptr()).collect::<Vec<_>>();
    let all = [first, small, large];

    let (request, call) = rig.call().split();
    let sent = read(request.into_body()).0;
    assert_eq!(places(&sent), places(&all), "what is sent first is never copied");
    call.answer(status(503));
    let kept = read(rig.call().split().0.into_body()).0;
    assert_eq!(kept, all);
    let shared: Vec<_> = kept.iter().zip(&all).map(|(a, b)| a.as_ptr() == b.as_ptr()).collect();
    assert_eq!(shared, [true, false, true], "the first is all there is of most bodies");
}

#[test]
fn trailers_are_replayed() {
    let mut rig = Rig::new(Frames::new().data("one").trailers(trailers()));
    for _ in 1..=3 {
        let (request, call) = rig.call().split();
        assert_eq!(read(request.into_body()), (vec!["one".into()], Some(trailers())));
        call.answer(status(503));
    }
    assert_eq!(rig.ended(), Some(503));
}

/// All bytes are there, and the trailers are not: what came then would be another request.
#[test]
fn a_body_without_its_trailers_is_not_whole() {
    let body = || Frames::new().data("one").hold().trailers(trailers());
    let mut rig = Rig::new(body());
    let (request, call) = rig.call().split();
    let mut body = Box::pin(request.into_body());
    poll::assert_ready(body.frame()).unwrap().unwrap();
    poll::assert_pending(body.frame());
    call.answer(status(503));
    assert_eq!(rig.ended(), Some(503));
}

#[test]
fn an_announced_trailer_is_waited_for() {
    let mark = |request: &mut Request<Frames>| {
        request.headers_mut().insert("trailer", "x-sum".parse().unwrap());
    };
    let mut rig = Rig::with(Frames::new().data("one").trailers(trailers()), |b| b, mark);
    let (request, call) = rig.call().split();
    let mut body = Box::pin(request.into_body());
    poll::assert_ready(body.frame()).unwrap().unwrap();
    drop(body);
    call.answer(status(503));
    assert_eq!(rig.ended(), Some(503));
}

/// HTTP/1.1 stops at the length that it has announced, without a look whether more comes.
#[test]
fn a_body_that_is_left_with_all_its_bytes_is_whole() {
    let mut rig = Rig::new(Frames::new().data("one").hold());
    let (request, call) = rig.call().split();
    let mut body = Box::pin(request.into_body());
    poll::assert_ready(body.frame()).unwrap().unwrap();
    assert!(!body.is_end_stream());
    drop(body);
    call.answer(status(503));
    assert_eq!(read(rig.call().split().0.into_body()).0, ["one"]);
}

#[test]
fn an_untouched_body_is_sent_once() {
    let body = Frames::new().data("one");
    let handle = body.handle();
    let mut rig = Rig::new(body);
    let (request, call) = rig.call().split();
    drop(request);
    call.fail("unsent");
    let second = rig.call();
    assert_eq!((handle.polls(), handle.is_dropped()), (0, false));
    let (request, call) = second.split();
    assert_eq!(request.body().size_hint().exact(), Some(3));
    assert_eq!(read(request.into_body()).0, ["one"]);
    call.answer(status(200));
    assert_eq!(rig.ended(), Some(200));
}

/// Somewhere an attempt that was given up still has its body: whoever reads it gets nothing of what the next one sends.
#[test]
fn who_was_given_up_reads_nothing() {
    let mut rig = Rig::new(Frames::new().data("one"));
    let (given_up, call) = rig.call().split();
    call.fail("unsent");
    let (request, call) = rig.call().split();
    let mut late = Box::pin(given_up.into_body());
    poll::assert_pending(late.frame());
    assert_eq!(read(request.into_body()).0, ["one"]);
    poll::assert_pending(late.frame());
    call.answer(status(200));
    assert_eq!(rig.ended(), Some(200));
}

/// A server that answers before anybody has begun to send it the body, which may happen still.
#[test]
fn an_answer_before_the_body_is_not_repeated() {
    let mut rig = Rig::new(Frames::new().data("one"));
    let (request, call) = rig.call().split();
    call.answer(status(503));
    assert_eq!(rig.ended(), Some(503));
    assert_eq!(read(request.into_body()).0, ["one"], "whoever sends it can go on");

    // Of whom nobody sends it any more, as of a breaker that refuses, it can be had back.
    let mut rig = Rig::new(Frames::new().data("one"));
    let (request, call) = rig.call().split();
    drop(request);
    call.answer(status(503));
    assert_eq!(read(rig.call().split().0.into_body()).0, ["one"]);
}

#[test]
fn an_early_answer_is_not_repeated() {
    let mut rig = Rig::new(Frames::new().data("one").hold().data("two"));
    let (request, call) = rig.call().split();
    let mut body = Box::pin(request.into_body());
    poll::assert_ready(body.frame()).unwrap().unwrap();
    poll::assert_pending(body.frame());
    call.answer(status(503));
    assert_eq!(rig.ended(), Some(503), "it is still being sent");
    drop(body);

    let mut rig = Rig::new(Frames::new().data("one").data("two"));
    let (request, call) = rig.call().split();
    let mut body = Box::pin(request.into_body());
    poll::assert_ready(body.frame()).unwrap().unwrap();
    drop(body);
    call.fail("unsent");
    assert_eq!(rig.ended(), Some(0), "half of it is gone");
}

#[test]
fn a_broken_body_is_not_repeated() {
    let mut rig = Rig::new(Frames::new().data("one").fail("cut"));
    let (request, call) = rig.call().split();
    let mut body = Box::pin(request.into_body());
    poll::assert_ready(body.frame()).unwrap().unwrap();
    assert!(poll::assert_ready(body.frame()).unwrap().is_err());
    assert!(poll::assert_ready(body.frame()).is_none());
    drop(body);
    call.answer(status(503));
    assert_eq!(rig.ended(), Some(503));
}

/// A body that ends before it has all its bytes is broken; its repeat would be a whole request with half a body.
#[test]
fn a_body_that_ends_too_soon_is_not_repeated() {
    #[derive(Debug)]
    struct Short(Option<Bytes>);
    impl Body for Short {
        type Data = Bytes;
        type Error = MockError;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, MockError>>> {
            Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
        }
        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(7)
        }
    }
    let (service, inner) = mock::service::<ReplayBody<Short>>();
    let clock = ManualClock::new();
    inner.answer_with(|request| {
        let body = poll::assert_ready(Box::pin(request.into_body().collect()));
        assert_eq!(body.unwrap().to_bytes(), "one");
        Ok(status(503))
    });
    let client = up_to(3, &clock).build().unwrap().layer(service);
    let request = Request::get("/").body(Short(Some("one".into()))).unwrap();
    assert_eq!(poll::assert_ready(Box::pin(client.oneshot(request))).unwrap().status(), 503);
    assert_eq!(inner.counts().calls, 1);
}

#[test]
fn an_unknown_length_is_taped_up_to_the_cap() {
    let body = || Frames::new().data(vec![1; 300]).data(vec![2; 300]);
    assert!(is_kept(body().of_unknown_size(), 600, 600));
    assert!(!is_kept(body().of_unknown_size(), 599, 600));
    assert!(is_kept(body(), 600, 600));
    assert!(!is_kept(body(), 599, 599));
}

/// To keep a frame takes more than its bytes, if those are few: a list of the shortest would else be many times the
/// room.
#[test]
fn a_short_frame_counts_as_what_it_takes() {
    let body = |frames| (0..frames).fold(Frames::new(), |body, _| body.data("x"));
    assert!(is_kept(body(1), 128, 128));
    for frames in [2, 8, 100] {
        assert!(is_kept(body(frames), frames * 128, frames * 128), "{frames}");
        assert!(!is_kept(body(frames), frames * 128 - 1, frames * 128), "{frames}");
        assert!(!is_kept(body(frames).of_unknown_size(), frames * 128 - 1, frames * 128));
    }
}

#[test]
fn trailers_are_not_kept_for_nothing() {
    let body = || Frames::new().data(vec![1; 300]).trailers(trailers());
    let trailers = trailers();
    let text: usize = trailers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let whole = 300 + text + trailers.len() * 128;
    assert!(is_kept(body(), whole, whole));
    assert!(!is_kept(body(), whole - 1, whole));
    assert!(!is_kept(body(), whole - 1, whole - 1));
}

/// Whether it is sent a second time, with so much room. It is sent once whatever becomes of its tape.
fn is_kept(body: Frames, per_call: usize, overall: usize) -> bool {
    let mut rig = Rig::with(body, |builder| builder.keep_bodies(per_call, overall), |_| {});
    let (request, call) = rig.call().split();
    assert!(!read(request.into_body()).0.is_empty());
    call.answer(status(503));
    rig.ended().is_none()
}

/// They count for nothing in the cap, so of an endless number of them nothing is kept either.
#[test]
fn frames_without_data_are_not_kept() {
    let body = ["", "one", "", "", "two", ""].into_iter().fold(Frames::new(), Frames::data);
    let mut rig = Rig::new(body.trailers(trailers()));
    let (request, call) = rig.call().split();
    assert_eq!(read(request.into_body()).0.len(), 6, "they pass");
    call.answer(status(503));
    let (request, call) = rig.call().split();
    assert_eq!(read(request.into_body()), (vec!["one".into(), "two".into()], Some(trailers())));
    call.answer(status(200));
    assert_eq!(rig.ended(), Some(200));
}

/// What is larger than the tape, and known to have gone nowhere, can be sent all the same.
#[test]
fn an_untouched_body_may_have_any_size() {
    let body = Frames::new().data("one").data("two");
    let mut rig = Rig::with(body, |builder| builder.keep_bodies(0, 0), |_| {});
    rig.call().fail("unsent");
    let (request, call) = rig.call().split();
    assert_eq!(read(request.into_body()).0, ["one", "two"]);
    call.answer(status(200));
    assert_eq!(rig.ended(), Some(200));
}

#[test]
fn all_calls_together_keep_no_more_than_they_may() {
    let clock = ManualClock::new();
    let (service, inner) = mock::service();
    inner.hold();
    let client = up_to(2, &clock).keep_bodies(400, 600).build().unwrap().layer(service);
    let begin = || {
        let body = Frames::new().data(vec![4; 400]);
        let request = Request::get("/").body(body).unwrap();
        let mut flight = Box::pin(client.clone().oneshot(request));
        poll::assert_pending(&mut flight);
        let (request, call) = inner.take_call().unwrap().split();
        assert_eq!(read(request.into_body()).0.concat(), [4; 400]);
        call.answer(status(503));
        flight
    };
    let (mut first, mut second) = (begin(), begin());
    poll::assert_pending(&mut first);
    assert_eq!(poll::assert_ready(&mut second).unwrap().status(), 503, "no room, no repeat");
    drop((first, second));
    poll::assert_pending(begin());
}

#[test]
fn an_empty_body_stays_empty() {
    let mut rig = Rig::new(Frames::new());
    for _ in 1..=3 {
        let (request, call) = rig.call().split();
        assert!(request.body().is_end_stream());
        assert_eq!(request.body().size_hint().exact(), Some(0));
        assert_eq!(read(request.into_body()), (vec![], None));
        call.answer(status(503));
    }
    assert_eq!(rig.ended(), Some(503));
}

/// What a body gives, step by step.
#[derive(Clone, Debug)]
enum Step {
    Data(u8),
    Hold,
}

proptest! {
    /// Whatever it consists of, and wherever its first reader stops: it is sent again whole, or not at all.
    #[test]
    fn a_body_is_sent_again_whole_or_not_at_all(
        steps in prop::collection::vec(prop_oneof![any::<u8>().prop_map(Step::Data), Just(Step::Hold)], 0..8),
        has_trailers: bool, is_unsized: bool, reads in 0..12_usize, fails: bool,
    ) {
        let mut whole = Vec::new();
        let mut body = steps.iter().fold(Frames::new(), |body, step| match step {
            Step::Data(length) => {
                whole.push(Bytes::from(vec![*length; usize::from(*length)]));
                body.data(whole.last().unwrap().clone())
            }
            Step::Hold => body.hold(),
        });
        if has_trailers {
            body = body.trailers(trailers());
        }
        if is_unsized {
            body = body.of_unknown_size();
        }
        let handle = body.handle();
        (0..steps.len()).for_each(|_| handle.release());
        let mut rig = Rig::with(body, |builder| builder.keep_bodies(1_280, 1_280), |request| {
            request.headers_mut().insert("trailer", "x-sum".parse().unwrap());
        });
        let (request, call) = rig.call().split();
        let mut first = Box::pin(request.into_body());
        let mut seen = Vec::new();
        for _ in 0..reads {
            match poll::assert_ready(first.frame()) {
                Some(frame) => seen.extend(frame.unwrap().into_data().ok()),
                None => break,
            }
        }
        prop_assert!(whole.starts_with(&seen), "the first attempt gets what the caller sends");
        drop(first);
        if fails { call.fail("unsent") } else { call.answer(status(503)) }
        if rig.ended().is_none() {
            let (request, _call) = rig.call().split();
            let hint = request.body().size_hint();
            let (again, ended_with) = read(request.into_body());
            // What nobody has begun to read is sent as it is; of what was read, frames without data are not kept.
            if reads > 0 {
                whole.retain(|data| !data.is_empty());
            }
            prop_assert_eq!(&again, &whole);
            prop_assert_eq!(ended_with, has_trailers.then(trailers));
            let length = again.concat().len() as u64;
            prop_assert!(hint.lower() <= length && hint.upper().is_none_or(|upper| upper >= length));
        }
    }
}
