//! Any bytes as what a dependency says of coming back: `Retry-After`, a date among them, and the pushback of gRPC.

use std::convert::Infallible;
use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::outcome::{
    Advice, BodyKind, Classify, ClassifyEnd, HttpClassify, Outcome, Verdict,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Empty;

/// Digits alone are a time to wait; all else is a date, nothing, or for gRPC a no. Never is a wait longer than it may
/// be.
pub fn run(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    of_http(&value);
    of_grpc(&value);
}

fn of_http(value: &HeaderValue) {
    let mut response = Response::new(Empty::<Bytes>::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert("retry-after", value.clone());
    let verdict = Classify::<_, Infallible>::response(&HttpClassify::new(), &response);
    let Verdict::Now(judgement) = verdict else { panic!("a failure is known by its head") };
    assert_eq!(judgement.outcome(), Outcome::Failure);
    match judgement.advice() {
        Advice::After(wait) => {
            let digits = value.to_str().expect("digits are text");
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            // What does not fit into the number is no less than the most.
            let seconds = digits.parse().unwrap_or(u64::MAX);
            assert_eq!(wait, Duration::from_secs(seconds.min(9_999_999_999)));
        }
        Advice::At(time) => {
            assert!((24..=33).contains(&value.len()), "one of the three forms");
            assert!(judgement.wait_advised(time).is_none(), "it is then, and not later");
            let wait = judgement.wait_advised(Timestamp::EPOCH);
            assert_eq!(wait.unwrap_or_default(), time - Timestamp::EPOCH);
        }
        Advice::None => {
            let is_number = !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit);
            assert!(!is_number);
        }
        Advice::Never => panic!("nobody forbade it"),
    }
}

fn of_grpc(value: &HeaderValue) {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("14"));
    trailers.insert("grpc-retry-pushback-ms", value.clone());
    let judgement = HttpClassify::new().end(BodyKind::Grpc, Some(&trailers));
    assert_eq!(judgement.outcome(), Outcome::Failure);
    let text = value.to_str().unwrap_or_default();
    let is_plain = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse::<i32>().ok().filter(|_| is_plain);
    let expected = match millis.and_then(|millis| u64::try_from(millis).ok()) {
        Some(millis) => Advice::After(Duration::from_millis(millis)),
        None => Advice::Never,
    };
    assert_eq!(judgement.advice(), expected);

    // A code that is no number is an unknown one, and so a failure.
    trailers.insert("grpc-status", value.clone());
    let outcome = HttpClassify::new().end(BodyKind::Grpc, Some(&trailers)).outcome();
    let is_code = text.len() <= 3 && text.parse::<u8>().is_ok_and(|code| code <= 16);
    assert!(is_code && is_plain || outcome == Outcome::Failure);
}
