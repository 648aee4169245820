//! What is known at the end of a body, and no sooner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::outcome::{BodyKind, ClassifyEnd, HttpClassify, JudgedBody, Judgement};
use buttress_core::sync::Shared;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::MockError;
use buttress_testkit::poll;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};

use super::{Teller, Told, headers};

fn followed<B: Body>(inner: B, kind: BodyKind, told: &Told) -> JudgedBody<B, HttpClassify, Teller> {
    JudgedBody::following(inner, &Shared::new(HttpClassify::new()), kind, told.ticket())
}

fn frame<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Option<Result<Frame<Bytes>, B::Error>> {
    poll::assert_ready(body.frame())
}

fn status(code: &str) -> HeaderMap {
    headers(&[("grpc-status", code)])
}

#[test]
fn a_status_in_trailers_is_the_verdict() {
    for (code, outcome) in
        [("0", "success"), ("14", "failure"), ("8", "throttled"), ("1", "ignored")]
    {
        let told = Told::default();
        let inner = Frames::new().data("half").trailers(status(code));
        let mut body = followed(inner, BodyKind::Grpc, &told);
        assert_eq!(told.so_far(), ["headed"]);
        assert_eq!(frame(&mut body).unwrap().unwrap().into_data().unwrap(), "half");
        assert_eq!(told.so_far(), ["headed", "progressed"]);
        assert_eq!(frame(&mut body).unwrap().unwrap().into_trailers().unwrap(), status(code));
        assert_eq!(told.so_far(), ["headed", "progressed", outcome]);
        assert!(frame(&mut body).is_none());
        drop(body);
        assert_eq!(told.so_far(), ["headed", "progressed", outcome], "once, and not dropped");
    }
}

#[test]
fn grpc_that_ends_without_a_status_has_failed() {
    for inner in [Frames::new().data("all"), Frames::new().data("all").hold()] {
        let told = Told::default();
        let handle = inner.handle();
        let mut body = followed(inner, BodyKind::Grpc, &told);
        assert!(frame(&mut body).unwrap().is_ok());
        handle.release();
        assert!(frame(&mut body).is_none());
        assert_eq!(told.so_far(), ["headed", "progressed", "failure"]);
    }
}

#[test]
fn a_body_that_breaks_off_is_a_failure() {
    let told = Told::default();
    let mut body = followed(Frames::new().data("half").fail("reset"), BodyKind::Other, &told);
    assert!(frame(&mut body).unwrap().is_ok());
    assert_eq!(told.so_far(), ["headed", "progressed"]);
    assert_eq!(frame(&mut body).unwrap().unwrap_err(), MockError::from("reset"));
    assert_eq!(told.so_far(), ["headed", "progressed", "failure"]);
}

/// Whoever knows that nothing more comes does not ask again: hyper does not.
#[test]
fn a_full_body_settles_with_its_last_frame() {
    let told = Told::default();
    let mut body = followed(Full::<Bytes>::from("all"), BodyKind::Other, &told);
    assert!(frame(&mut body).unwrap().is_ok());
    assert!(body.is_end_stream());
    assert_eq!(told.so_far(), ["headed", "progressed", "success"]);
}

#[test]
fn a_stream_settles_when_nothing_more_comes() {
    let told = Told::default();
    let inner = Frames::new().data("one").data("two").hold();
    let handle = inner.handle();
    let mut body = followed(inner, BodyKind::Other, &told);
    assert!(frame(&mut body).is_some() && frame(&mut body).is_some());
    poll::assert_pending(body.frame());
    assert_eq!(told.so_far(), ["headed", "progressed"], "progress is told once");
    handle.release();
    assert!(frame(&mut body).is_none());
    assert_eq!(told.so_far(), ["headed", "progressed", "success"]);
}

#[test]
fn a_body_that_is_at_its_end_settles_when_it_comes() {
    for (kind, outcome) in [(BodyKind::Other, "success"), (BodyKind::Grpc, "failure")] {
        let told = Told::default();
        let body = followed(Full::<Bytes>::default(), kind, &told);
        assert_eq!(told.so_far(), ["headed", outcome]);
        drop(body);
        assert_eq!(told.so_far(), ["headed", outcome]);
    }
}

#[test]
fn a_body_that_is_dropped_drops_its_ticket() {
    let told = Told::default();
    let mut body = followed(Frames::new().data("one").data("two"), BodyKind::Other, &told);
    assert!(frame(&mut body).is_some());
    drop(body);
    assert_eq!(told.so_far(), ["headed", "progressed", "dropped"]);
}

struct Panics;

impl Body for Panics {
    type Data = Bytes;
    type Error = MockError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, MockError>>> {
        panic!("in the body")
    }
}

#[test]
fn a_panic_of_the_body_is_told() {
    let told = Told::default();
    let mut body = followed(Panics, BodyKind::Other, &told);
    assert!(catch_unwind(AssertUnwindSafe(|| frame(&mut body).is_some())).is_err());
    assert_eq!(told.so_far(), ["headed", "panicked"]);
    drop(body);
    assert_eq!(told.so_far(), ["headed", "panicked"]);
}

/// The caller panics on its own, and drops the body meanwhile: that is not the dependency's fault.
#[test]
fn a_panic_of_the_caller_drops_the_ticket() {
    let told = Told::default();
    let body = followed(Frames::new().data("one"), BodyKind::Other, &told);
    let caller = catch_unwind(AssertUnwindSafe(move || {
        let _body = body;
        panic!("in the caller");
    }));
    assert!(caller.is_err());
    assert_eq!(told.so_far(), ["headed", "dropped"]);
}

#[test]
fn a_judge_that_panics_leaves_the_ticket_to_be_dropped() {
    struct Broken;
    impl ClassifyEnd for Broken {
        fn end(&self, _: BodyKind, _: Option<&HeaderMap>) -> Judgement {
            panic!("in the judge")
        }
    }
    let told = Told::default();
    let inner = Frames::new().data("one");
    let mut body =
        JudgedBody::following(inner, &Shared::new(Broken), BodyKind::Other, told.ticket());
    assert!(catch_unwind(AssertUnwindSafe(|| frame(&mut body).is_some())).is_err());
    drop(body);
    assert_eq!(told.so_far(), ["headed", "progressed", "dropped"]);
}

#[test]
fn hints_and_frames_pass_untouched() {
    let told = Told::default();
    let inner = Frames::new().data("four").data("five").trailers(headers(&[("checksum", "7")]));
    let body = followed(inner, BodyKind::Other, &told);
    assert_eq!(body.size_hint().exact(), Some(8));
    assert!(!body.is_end_stream());
    let collected = poll::assert_ready(Box::pin(body.collect())).unwrap();
    assert_eq!(collected.trailers(), Some(&headers(&[("checksum", "7")])));
    assert_eq!(collected.to_bytes(), "fourfive");
    assert_eq!(told.so_far(), ["headed", "progressed", "success"]);

    let passing: JudgedBody<_, HttpClassify, Teller> =
        JudgedBody::passing(Full::<Bytes>::from("x"));
    assert_eq!(passing.size_hint().exact(), Some(1));
    assert_eq!(poll::assert_ready(Box::pin(passing.collect())).unwrap().to_bytes(), "x");
}
