use buttress_testkit::body::Frames;
use buttress_testkit::poll::{self, Wakes};
use http::{HeaderMap, HeaderValue};
use http_body::Body;
use http_body_util::BodyExt;

#[test]
fn plays_its_script_to_the_end() {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Frames::new().data("one").data("two").trailers(trailers.clone());
    assert_eq!(body.size_hint().exact(), Some(6));
    assert!(!body.is_end_stream());

    let all = poll::assert_ready(body.collect()).unwrap();
    assert_eq!(all.trailers(), Some(&trailers));
    assert_eq!(all.to_bytes(), "onetwo");
}

#[test]
fn fails_once_and_ends() {
    let mut body = Frames::new().fail("cut").data("never read");
    let error = poll::assert_ready(body.frame()).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "cut");
    assert!(body.is_end_stream());
    assert!(poll::assert_ready(body.frame()).is_none());
}

#[test]
fn a_release_wakes_the_reader_and_is_spent() {
    let mut body = Frames::new().hold().hold().data("late");
    let handle = body.handle();
    let wakes = Wakes::new();
    handle.release();
    assert!(wakes.poll(body.frame()).is_pending(), "the second is still held");
    handle.release();
    assert_eq!(wakes.count(), 1);
    assert!(wakes.poll(body.frame()).is_ready());
}

#[test]
fn knows_when_it_was_dropped_and_keeps_its_size_if_asked() {
    let body = Frames::from("data").of_unknown_size();
    let handle = body.handle();
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (0, None));
    assert!(!handle.is_dropped());
    drop(body);
    assert!(handle.is_dropped());
}
