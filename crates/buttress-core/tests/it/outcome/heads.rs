//! What the head of a response says, and what it leaves to the end.

use buttress_core::outcome::{
    Advice, BodyKind, ClassifyEnd, HttpClassify, LocalRefusal, Outcome, Verdict,
};
use buttress_core::{Code, GrpcCode, Problem};
use buttress_testkit::body::Frames;
use bytes::Bytes;
use http::{Response, StatusCode, Version};
use http_body_util::{BodyExt, Empty, Full};
use std::time::Duration;

use super::{headers, judgement, outcome_of, response, verdict};

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[test]
fn every_status_has_an_outcome() {
    let failures = [408, 500, 502, 503, 504, 507, 508, 509, 511];
    for status in 100..=999 {
        let expected = match status {
            429 => Outcome::Throttled,
            421 | 425 => Outcome::Ignored,
            520..=530 | 600.. => Outcome::Failure,
            _ if failures.contains(&status) => Outcome::Failure,
            _ => Outcome::Success,
        };
        assert_eq!(outcome_of(status), expected, "{status}");
    }
}

/// A client who asks for what is not there does not open the breaker for all others.
#[test]
fn what_the_client_did_is_no_failure() {
    let classify = HttpClassify::new();
    for status in [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422] {
        assert_eq!(judgement(&classify, &response(status, &[])).outcome(), Outcome::Success);
    }
}

#[test]
fn a_full_outage_is_a_failure_also_if_it_says_when_to_come_back() {
    let said = judgement(&HttpClassify::new(), &response(503, &[("retry-after", "30")]));
    assert_eq!(said.outcome(), Outcome::Failure);
    assert_eq!(said.advice(), Advice::After(Duration::from_secs(30)));
}

#[test]
fn what_began_well_is_known_at_its_end() {
    let classify = HttpClassify::new();
    for status in [200, 201, 206, 301, 304] {
        assert_eq!(verdict(&classify, &response(status, &[])), Verdict::AtEnd(BodyKind::Other));
    }
    let headed = classify.follow_bodies(false);
    assert_eq!(verdict(&headed, &response(200, &[])).outcome(), Some(Outcome::Success));
    assert_eq!(verdict(&headed, &response(200, &[GRPC])).outcome(), Some(Outcome::Success));
}

#[test]
fn statuses_mean_what_the_settings_say() {
    let classify = HttpClassify::new()
        .failures([StatusCode::NOT_FOUND])
        .throttled([StatusCode::SERVICE_UNAVAILABLE])
        .ignored([StatusCode::UNAUTHORIZED, StatusCode::ACCEPTED])
        .successes([StatusCode::REQUEST_TIMEOUT, StatusCode::BAD_GATEWAY]);
    for (status, outcome) in [
        (404, Outcome::Failure),
        (503, Outcome::Throttled),
        (401, Outcome::Ignored),
        (202, Outcome::Ignored),
        (408, Outcome::Success),
        (502, Outcome::Success),
        (500, Outcome::Failure),
    ] {
        assert_eq!(judgement(&classify, &response(status, &[])).outcome(), outcome, "{status}");
    }
    let last = HttpClassify::new().successes([StatusCode::from_u16(999).unwrap()]);
    assert_eq!(judgement(&last, &response(700, &[])).outcome(), Outcome::Success);
    assert_eq!(judgement(&last, &response(610, &[])).outcome(), Outcome::Failure);
}

#[test]
fn grpc_without_a_status_in_its_head_is_known_at_its_end() {
    let classify = HttpClassify::new();
    for kind in ["application/grpc", "application/grpc+proto", "Application/GRPC; charset=x"] {
        let mut response = response(200, &[("content-type", kind)]);
        *response.version_mut() = Version::HTTP_2;
        assert_eq!(verdict(&classify, &response), Verdict::AtEnd(BodyKind::Grpc), "{kind}");
    }
    for kind in ["application/grpc-web", "application/json", "application/grp"] {
        let mut response = response(200, &[("content-type", kind)]);
        *response.version_mut() = Version::HTTP_2;
        assert_eq!(verdict(&classify, &response), Verdict::AtEnd(BodyKind::Other), "{kind}");
    }
}

/// In a test no connection has given the response its version.
#[test]
fn grpc_that_never_was_on_the_wire_is_known_by_its_body() {
    let classify = HttpClassify::new();
    let streamed = response(200, &[GRPC]).map(Frames::of_unknown_size);
    assert_eq!(verdict(&classify, &streamed), Verdict::AtEnd(BodyKind::Grpc));
    let headers_alone = response(200, &[GRPC, ("grpc-status", "14")]).map(|_| Frames::new());
    assert_eq!(judgement(&classify, &headers_alone).outcome(), Outcome::Failure);
}

#[test]
fn a_status_of_grpc_in_the_head_is_the_verdict() {
    let mut classify = HttpClassify::new();
    let judge = |classify: &HttpClassify, code: &str| {
        let response = response(200, &[GRPC, ("grpc-status", code)]).map(|_| Frames::new());
        judgement(classify, &response).outcome()
    };
    for code in 0..=16_u8 {
        let expected = match code {
            1 => Outcome::Ignored,
            2 | 4 | 13 | 14 | 15 => Outcome::Failure,
            8 => Outcome::Throttled,
            _ => Outcome::Success,
        };
        assert_eq!(judge(&classify, &code.to_string()), expected, "{code}");
    }
    for nonsense in ["17", "-1", "", "x", "1000", "014x"] {
        assert_eq!(judge(&classify, nonsense), Outcome::Failure, "{nonsense}");
    }
    classify = classify
        .grpc_failures([GrpcCode::NOT_FOUND])
        .grpc_throttled([GrpcCode::UNAVAILABLE])
        .grpc_ignored([GrpcCode::INTERNAL])
        .grpc_successes([GrpcCode::CANCELLED]);
    assert_eq!(judge(&classify, "5"), Outcome::Failure);
    assert_eq!(judge(&classify, "14"), Outcome::Throttled);
    assert_eq!(judge(&classify, "13"), Outcome::Ignored);
    assert_eq!(judge(&classify, "1"), Outcome::Success);
}

#[test]
fn another_status_than_200_is_not_grpcs_to_say() {
    let classify = HttpClassify::new();
    let broken = response(502, &[GRPC, ("grpc-status", "0")]);
    assert_eq!(judgement(&classify, &broken).outcome(), Outcome::Failure);
}

#[test]
fn trailers_are_the_verdict_wherever_they_bring_a_status() {
    let classify = HttpClassify::new();
    let end = |kind, pairs: &[(&str, &str)]| classify.end(kind, Some(&headers(pairs))).outcome();
    for kind in [BodyKind::Grpc, BodyKind::Other] {
        assert_eq!(end(kind, &[("grpc-status", "0")]), Outcome::Success);
        assert_eq!(end(kind, &[("grpc-status", "14")]), Outcome::Failure);
        assert_eq!(end(kind, &[("grpc-status", "8")]), Outcome::Throttled);
    }
    assert_eq!(end(BodyKind::Grpc, &[("checksum", "7")]), Outcome::Failure);
    assert_eq!(end(BodyKind::Other, &[("checksum", "7")]), Outcome::Success);
    assert_eq!(classify.end(BodyKind::Grpc, None).outcome(), Outcome::Failure);
    assert_eq!(classify.end(BodyKind::Other, None).outcome(), Outcome::Success);
}

/// A wall within a wall does not count what the inner one refused.
#[test]
fn what_our_own_wall_refused_is_rejected() {
    let classify = HttpClassify::new();
    let mut refused = Response::new(Empty::<Bytes>::new());
    *refused.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(judgement(&classify, &refused).outcome(), Outcome::Failure, "somebody else's");

    refused.extensions_mut().insert(LocalRefusal);
    let problem = Problem::new(Code::OVERLOADED).with_retry_after(Duration::from_millis(1_500));
    refused.extensions_mut().insert(problem);
    let said = judgement(&classify, &refused);
    assert_eq!(said.outcome(), Outcome::Rejected);
    assert_eq!(said.advice(), Advice::After(Duration::from_millis(1_500)));
    assert!(!said.is_unprocessed(), "an attempt before it may have been sent");

    // As gRPC it says 200, and its body is empty.
    *refused.status_mut() = StatusCode::OK;
    assert_eq!(judgement(&classify, &refused).outcome(), Outcome::Rejected);
    *refused.version_mut() = Version::HTTP_2;
    assert_eq!(judgement(&classify, &refused).outcome(), Outcome::Rejected);
}

/// Bodies in boxes are judged like any other.
#[test]
fn the_type_of_the_body_does_not_matter() {
    let classify = HttpClassify::new();
    let boxed = Response::new(Full::<Bytes>::from("hello").boxed_unsync());
    assert_eq!(verdict(&classify, &boxed), Verdict::AtEnd(BodyKind::Other));
}
