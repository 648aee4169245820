//! A problem is told once, says no secrets, and keeps what its author said.

use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

use buttress_core::{Class, Code, Detail, GrpcCode, IntoProblem, Place, Problem};
use http::{HeaderName, HeaderValue, StatusCode};

#[test]
fn every_code_is_listed_once() {
    let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len(), "two codes have one name");

    let anchors: HashSet<_> = Code::ALL.iter().map(|code| code.anchor().to_string()).collect();
    assert_eq!(anchors.len(), Code::ALL.len(), "two codes have one anchor");

    for pair in Code::ALL.windows(2) {
        assert!(pair[0].status() <= pair[1].status(), "{:?} stands in the wrong place", pair[1]);
    }
}

/// What clients rely on: a change here is a breaking change.
#[test]
fn the_table_of_codes_is_as_it_was() {
    let row = |code: &Code| {
        format!(
            "{code} {} {}{} {}",
            code.status().as_u16(),
            code.class().as_str(),
            if code.is_retryable() { " retryable" } else { "" },
            code.grpc_code().as_u8(),
        )
    };
    let table: Vec<_> = Code::ALL.iter().map(row).collect();
    assert_eq!(
        table,
        [
            "BAD_REQUEST 400 client 3",
            "UNAUTHENTICATED 401 client 16",
            "FORBIDDEN 403 client 7",
            "NOT_FOUND 404 client 5",
            "METHOD_NOT_ALLOWED 405 client 12",
            "NOT_ACCEPTABLE 406 client 2",
            "REQUEST_TIMED_OUT 408 client retryable 4",
            "CONFLICT 409 client 10",
            "GONE 410 client 5",
            "LENGTH_REQUIRED 411 client 3",
            "PRECONDITION_FAILED 412 client 9",
            "PAYLOAD_TOO_LARGE 413 client 8",
            "URI_TOO_LONG 414 client 3",
            "UNSUPPORTED_MEDIA_TYPE 415 client 3",
            "VALIDATION_FAILED 422 client 3",
            "PRECONDITION_REQUIRED 428 client 9",
            "RATE_LIMITED 429 client retryable 8",
            "HEADERS_TOO_LARGE 431 client 3",
            "INTERNAL 500 server 13",
            "DATABASE_FAILED 500 server 13",
            "NOT_IMPLEMENTED 501 server 12",
            "DEPENDENCY_FAILED 502 server retryable 14",
            "UNAVAILABLE 503 server retryable 14",
            "OVERLOADED 503 server retryable 14",
            "CIRCUIT_OPEN 503 server retryable 14",
            "SATURATED 503 server retryable 14",
            "THROTTLED_LOCALLY 503 server retryable 14",
            "TIMED_OUT 504 server retryable 4",
        ]
    );
}

/// Each in one call, and none means another one.
#[test]
fn what_goes_wrong_most_often_is_told_as_this() {
    let broken = || std::io::Error::other("db7 is gone");
    let wrong = Detail::query("page", "too_small", "must be at least 1");
    let table: [Row; 17] = [
        ("bad_request", Problem::bad_request(), "BAD_REQUEST", 400, false, None),
        ("validation", Problem::validation([wrong]), "VALIDATION_FAILED", 422, false, None),
        ("unauthenticated", Problem::unauthenticated(), "UNAUTHENTICATED", 401, false, None),
        ("forbidden", Problem::forbidden(), "FORBIDDEN", 403, false, None),
        ("not_found", Problem::not_found(), "NOT_FOUND", 404, false, None),
        ("conflict", Problem::conflict(), "CONFLICT", 409, false, None),
        ("gone", Problem::gone(), "GONE", 410, false, None),
        (
            "precondition_failed",
            Problem::precondition_failed(),
            "PRECONDITION_FAILED",
            412,
            false,
            None,
        ),
        ("too_large", Problem::too_large(), "PAYLOAD_TOO_LARGE", 413, false, None),
        ("unsupported", Problem::unsupported(), "UNSUPPORTED_MEDIA_TYPE", 415, false, None),
        ("rate_limited", Problem::rate_limited(WAIT), "RATE_LIMITED", 429, true, None),
        (
            "dependency_failed",
            Problem::dependency_failed("stock", broken()),
            "DEPENDENCY_FAILED",
            502,
            true,
            Some("stock failed"),
        ),
        ("timed_out", Problem::timed_out(), "TIMED_OUT", 504, true, None),
        ("overloaded", Problem::overloaded(), "OVERLOADED", 503, true, None),
        ("unavailable", Problem::unavailable(), "UNAVAILABLE", 503, true, None),
        (
            "database",
            Problem::database(broken()),
            "DATABASE_FAILED",
            500,
            false,
            Some("db7 is gone"),
        ),
        ("internal", Problem::internal(broken()), "INTERNAL", 500, false, Some("db7 is gone")),
    ];
    let file = include_str!("../../src/problem/kinds.rs");
    let (constructors, _) = file.split_once("pub struct").unwrap();
    assert_eq!(constructors.matches("pub fn").count(), table.len(), "one is in no row");
    for (name, problem, code, status, retryable, source) in table {
        assert!(constructors.contains(&format!("pub fn {name}(")), "{name}");
        let told =
            (problem.code().name(), problem.status().as_u16(), problem.code().is_retryable());
        assert_eq!(told, (code, status, retryable), "{name}");
        assert_eq!(problem.source().map(ToString::to_string).as_deref(), source, "{name}");
        assert_eq!(problem.message(), problem.code().default_message(), "{name}");
        assert_eq!(problem.details().len(), usize::from(name == "validation"), "{name}");
        let wait = problem.retry_after();
        assert_eq!(wait, (name == "rate_limited").then_some(WAIT), "{name}");
        assert_eq!(problem.headers().count(), 0, "{name}");
    }
}

const WAIT: Duration = Duration::from_secs(7);

/// Of a constructor: what it makes, whose code, status and promise are these, and its source.
type Row = (&'static str, Problem, &'static str, u16, bool, Option<&'static str>);

#[test]
fn an_own_code_says_what_it_wants() {
    const TEAPOT: Code = Code::new("TEAPOT", StatusCode::IM_A_TEAPOT)
        .message("Short and stout.")
        .retryable(true)
        .grpc(GrpcCode::FAILED_PRECONDITION);
    let problem = Problem::new(TEAPOT);
    assert_eq!((problem.status().as_u16(), problem.message()), (418, "Short and stout."));
    assert_eq!((TEAPOT.class(), TEAPOT.is_retryable()), (Class::Client, true));
    assert_eq!(TEAPOT.grpc_code().as_u8(), 9);
}

#[test]
fn a_problem_keeps_what_was_said() {
    let problem = Problem::new(Code::VALIDATION_FAILED)
        .with_message("Two fields are wrong.")
        .with_detail(Detail::header("x-tenant", "missing", "is required"))
        .with_detail(Detail::path("id", "not_a_number", "must be a number"))
        .with_retry_after(Duration::from_millis(1_500))
        .with_header(HeaderName::from_static("x-a"), HeaderValue::from_static("1"))
        .with_header(HeaderName::from_static("x-a"), HeaderValue::from_static("2"))
        .with_status(StatusCode::BAD_REQUEST)
        .with_source("the parser said so");

    let places: Vec<_> = problem.details().iter().map(Detail::place).collect();
    assert_eq!(places, [Place::Header, Place::Path]);
    assert_eq!(problem.status(), 400);
    assert_eq!(problem.retry_after(), Some(Duration::from_millis(1_500)));
    assert_eq!(problem.headers().count(), 2);
    assert_eq!(problem.source().unwrap().to_string(), "the parser said so");
    assert_eq!(problem.to_string(), "VALIDATION_FAILED: Two fields are wrong.");
}

#[test]
fn a_clone_is_changed_alone() {
    let problem = Problem::new(Code::CONFLICT);
    let changed = problem.clone().with_message("Another one.");
    assert_eq!(problem.message(), Code::CONFLICT.default_message());
    assert_eq!(changed.message(), "Another one.");
}

#[test]
fn a_refusal_never_looks_like_a_success() {
    for status in [StatusCode::OK, StatusCode::FOUND, StatusCode::SWITCHING_PROTOCOLS] {
        assert_eq!(Problem::new(Code::GONE).with_status(status).status(), 410);
    }
}

#[derive(Debug)]
struct Own;

impl IntoProblem for Own {
    fn into_problem(self) -> Problem {
        Problem::new(Code::GONE)
    }
}

#[test]
fn the_question_mark_turns_an_own_error_into_a_problem() {
    fn handler() -> Result<(), Problem> {
        Err(Own)?
    }
    fn passes_on() -> Result<(), Problem> {
        handler()?;
        Ok(())
    }
    assert_eq!(passes_on().unwrap_err().code(), Code::GONE);
    assert_eq!(Problem::new(Code::GONE).class(), Class::Client);
}

#[cfg(feature = "tonic")]
mod tonic {
    use super::*;
    use ::tonic::{Code as GrpcStatusCode, Status};

    #[test]
    fn a_problem_comes_back_from_a_status_whole() {
        let problem = Problem::new(Code::RATE_LIMITED)
            .with_message("Slow down.")
            .with_retry_after(Duration::from_micros(1_500_001))
            .with_detail(Detail::query("page", "too_far", "is past the end"));
        let status = Status::from(problem);
        assert_eq!(status.code(), GrpcStatusCode::ResourceExhausted);
        assert_eq!(status.message(), "Slow down.");
        assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1501");
        assert_eq!(status.metadata().get("x-error-code").unwrap(), "RATE_LIMITED");

        let problem = Problem::from(status);
        assert_eq!((problem.code(), problem.details().len()), (Code::RATE_LIMITED, 1));
    }

    #[test]
    fn every_status_becomes_a_problem_and_keeps_its_number() {
        for number in 0..=16 {
            let status = Status::new(GrpcStatusCode::from_i32(number), "secret of db7");
            let problem = Problem::from(status);
            // An error that says it is none is one of unknown kind.
            let kept = if number == 0 { 2 } else { number };
            assert_eq!(i32::from(problem.code().grpc_code().as_u8()), kept);
            assert!(problem.source().is_some());
            let told = problem.message() == "secret of db7";
            assert_eq!(told, problem.code().class() == Class::Client, "{number}");
        }
    }
}
