//! What an error says, and those behind it.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::outcome::{
    Advice, Classify, ClassifyEnd, HttpClassify, Judgement, Outcome, Reached, ReadError,
};
use buttress_core::{Code, Problem};
use bytes::Bytes;
use http::Response;
use http_body_util::Empty;

/// An error around another one, so many times.
#[derive(Debug)]
struct Around(Box<dyn Error + Send + Sync>);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("around")
    }
}

impl Error for Around {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn around(error: impl Into<Box<dyn Error + Send + Sync>>, times: usize) -> Around {
    (1..times).fold(Around(error.into()), |error, _| Around(error.into()))
}

fn judge<E: Error + 'static>(classify: &HttpClassify, error: &E) -> Judgement {
    Classify::<Response<Empty<Bytes>>, E>::error(classify, error)
}

#[test]
fn a_refused_connection_carried_nothing() {
    let classify = HttpClassify::new();
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    assert!(judge(&classify, &refused()).is_unprocessed());
    assert!(judge(&classify, &around(refused(), 3)).is_unprocessed());
    assert!(judge(&classify, &io::Error::other(refused())).is_unprocessed());
    assert_eq!(judge(&classify, &refused()).outcome(), Outcome::Failure);
}

/// It is the licence to send anything again, so nothing else has it.
#[test]
fn of_any_other_error_nobody_knows_how_far_it_got() {
    let classify = HttpClassify::new();
    for kind in [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::NotConnected,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::TimedOut,
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::Other,
    ] {
        let said = judge(&classify, &io::Error::from(kind));
        assert_eq!(
            (said.outcome(), said.reached()),
            (Outcome::Failure, Reached::Perhaps),
            "{kind}"
        );
    }
    let said = judge(&classify, &fmt::Error);
    assert_eq!((said.outcome(), said.reached()), (Outcome::Failure, Reached::Perhaps));
}

#[test]
fn a_chain_is_followed_sixteen_deep() {
    let classify = HttpClassify::new();
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    assert!(judge(&classify, &around(refused(), 15)).is_unprocessed());
    assert!(!judge(&classify, &around(refused(), 16)).is_unprocessed());
    assert!(!judge(&classify, &around(refused(), 10_000)).is_unprocessed());
}

#[test]
fn a_problem_is_judged_by_its_status() {
    let classify = HttpClassify::new();
    for (code, outcome) in [
        (Code::TIMED_OUT, Outcome::Failure),
        (Code::UNAVAILABLE, Outcome::Failure),
        (Code::RATE_LIMITED, Outcome::Throttled),
        (Code::NOT_FOUND, Outcome::Success),
    ] {
        let said = judge(&classify, &around(Problem::new(code), 2));
        assert_eq!((said.outcome(), said.reached()), (outcome, Reached::Perhaps), "{code}");
    }
    let wait = Duration::from_millis(1_234);
    let said = judge(&classify, &Problem::new(Code::RATE_LIMITED).with_retry_after(wait));
    assert_eq!(said.advice(), Advice::After(wait));
}

/// A breaker inside a breaker: what the inner one refused is no news of the dependency.
#[test]
fn a_refusal_of_our_own_wall_is_rejected() {
    let classify = HttpClassify::new();
    for code in [Code::CIRCUIT_OPEN, Code::SATURATED, Code::THROTTLED_LOCALLY, Code::OVERLOADED] {
        let said = judge(&classify, &io::Error::other(Problem::new(code)));
        assert_eq!(
            (said.outcome(), said.reached()),
            (Outcome::Rejected, Reached::Perhaps),
            "{code}"
        );
    }
}

#[derive(Debug)]
struct Unique(i32);

impl fmt::Display for Unique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unique {}

struct Reads(i32, Outcome);

impl ReadError for Reads {
    fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement> {
        let known = error.downcast_ref::<Unique>().is_some_and(|unique| unique.0 == self.0);
        known.then_some(Judgement::new(self.1))
    }
}

struct All;
impl ReadError for All {
    fn read(&self, _: &(dyn Error + 'static)) -> Option<Judgement> {
        Some(Judgement::new(Outcome::Ignored))
    }
}

#[test]
fn readers_are_asked_in_their_order_before_the_rest() {
    let classify = HttpClassify::new()
        .also(Arc::new(Reads(1, Outcome::Success)))
        .also(Arc::new(Reads(1, Outcome::Ignored)))
        .also(Arc::new(Reads(2, Outcome::Throttled)));
    assert_eq!(judge(&classify, &around(Unique(1), 4)).outcome(), Outcome::Success);
    assert_eq!(judge(&classify, &Unique(2)).outcome(), Outcome::Throttled);
    assert_eq!(judge(&classify, &Unique(3)).outcome(), Outcome::Failure);

    let all = HttpClassify::new().also(Arc::new(All));
    assert_eq!(judge(&all, &Problem::new(Code::CIRCUIT_OPEN)).outcome(), Outcome::Ignored);
}

#[test]
fn errors_in_boxes_are_read_as_they_are() {
    let classify = HttpClassify::new().boxed_errors();
    let judge = |error: &tower::BoxError| {
        Classify::<Response<Empty<Bytes>>, tower::BoxError>::error(&classify, error)
    };
    assert!(judge(&io::Error::from(io::ErrorKind::ConnectionRefused).into()).is_unprocessed());
    assert_eq!(judge(&Problem::new(Code::CIRCUIT_OPEN).into()).outcome(), Outcome::Rejected);
    assert_eq!(judge(&"no".into()).outcome(), Outcome::Failure);
    let same = HttpClassify::new();
    let trailers = super::headers(&[("grpc-status", "8")]);
    let kind = buttress_core::outcome::BodyKind::Grpc;
    assert_eq!(classify.end(kind, Some(&trailers)), same.end(kind, Some(&trailers)));
    let response = super::response(503, &[]);
    let verdict = Classify::<_, tower::BoxError>::response(&classify, &response);
    assert_eq!(verdict, super::verdict(&same, &response));
}
