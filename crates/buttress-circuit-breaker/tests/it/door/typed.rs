//! Services that are not HTTP: a refusal is an error.

use std::future::{Ready, ready};
use std::pin::pin;

use buttress_circuit_breaker::{Refusal, State};
use buttress_core::clock::ManualClock;
use buttress_core::outcome::{Outcome, classify_fn};
use buttress_core::{Code, Problem};
use buttress_testkit::poll;
use tower::{Layer, ServiceExt, service_fn};

use super::builder;

#[derive(Debug, PartialEq)]
enum DbError {
    NoSuchRow,
    Broken,
    Refused(String),
}

impl From<Problem> for DbError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Refusal::of(&problem).unwrap().breaker().to_owned())
    }
}

fn query(row: u32) -> Ready<Result<u32, DbError>> {
    ready(match row {
        0 => Err(DbError::Broken),
        404 => Err(DbError::NoSuchRow),
        row => Ok(row),
    })
}

#[test]
fn a_refusal_is_an_error_of_the_service() {
    let judge = |result: Result<&u32, &DbError>| match result {
        Ok(_) | Err(DbError::NoSuchRow) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    let layer = builder(2, &ManualClock::new()).classify(classify_fn(judge)).build().unwrap();
    let layer = layer.as_error();
    let service = layer.layer(service_fn(query));
    let call = |row| poll::assert_ready(pin!(service.clone().oneshot(row)));
    assert_eq!(call(7), Ok(7));
    assert_eq!([call(0), call(404), call(0)].map(|result| result.is_err()), [true; 3]);
    assert_eq!(layer.breaker().state(), State::Closed, "the row in between did succeed");
    assert_eq!(call(0), Err(DbError::Broken));
    assert_eq!(call(7), Err(DbError::Refused("payments".to_owned())));
}

/// Any request at all, and errors that are problems themselves.
#[test]
fn problems_are_errors_too() {
    let judge = |result: Result<&(), &Problem>| match result {
        Ok(()) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    let layer = builder(1, &ManualClock::new()).classify(classify_fn(judge)).build().unwrap();
    let service = layer.as_error().layer(service_fn(|code| ready(Err(Problem::new(code)))));
    let call = || poll::assert_ready(pin!(service.clone().oneshot(Code::DATABASE_FAILED)));
    assert_eq!(call().unwrap_err().code(), Code::DATABASE_FAILED);
    assert_eq!(call().unwrap_err().code(), Code::CIRCUIT_OPEN);
}
