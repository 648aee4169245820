//! How an answer is handed on and judged, and how a refusal looks.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use buttress_core::outcome::{
    Answer, AsError, Classify, ClassifyEnd, HttpClassify, JudgedAnswer, Judgement, LocalRefusal,
    Outcome, Reached, Verdict, classify_fn,
};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use buttress_core::{Code, Problem};
use buttress_testkit::body::Frames;
use buttress_testkit::poll;
use http::{Request, Response};
use http_body_util::BodyExt;

use super::{Teller, Told, response};

type Req = Request<()>;
type Res = Response<Frames>;
type Judged<M> = <M as JudgedAnswer<Req, Res, io::Error, HttpClassify, Teller>>::Response;

fn judged<M>(
    polled: Poll<Result<Res, io::Error>>,
    told: &Told,
) -> Poll<Result<Judged<M>, io::Error>>
where
    M: JudgedAnswer<Req, Res, io::Error, HttpClassify, Teller>,
{
    let mut ticket = Some(told.ticket());
    let polled = M::judged(&Shared::new(HttpClassify::new()), &mut ticket, polled);
    assert_eq!(ticket.is_some(), polled.is_pending(), "it goes once there is an answer");
    polled
}

#[test]
fn a_failure_settles_by_its_head() {
    let told = Told::default();
    let Poll::Ready(Ok(answer)) = judged::<Rewrap>(Poll::Ready(Ok(response(503, &[]))), &told)
    else {
        panic!("it was there")
    };
    assert_eq!(told.so_far(), ["failure"]);
    assert_eq!(
        poll::assert_ready(Box::pin(answer.into_body().collect())).unwrap().to_bytes(),
        "hello"
    );

    let told = Told::default();
    let error = io::Error::from(io::ErrorKind::ConnectionReset);
    assert!(matches!(judged::<Rewrap>(Poll::Ready(Err(error)), &told), Poll::Ready(Err(_))));
    assert_eq!(told.so_far(), ["failure"]);
}

#[test]
fn what_began_well_takes_the_ticket_along() {
    let told = Told::default();
    let Poll::Ready(Ok(answer)) = judged::<Rewrap>(Poll::Ready(Ok(response(200, &[]))), &told)
    else {
        panic!("it was there")
    };
    assert_eq!(told.so_far(), ["headed"]);
    assert_eq!(
        poll::assert_ready(Box::pin(answer.into_body().collect())).unwrap().to_bytes(),
        "hello"
    );
    assert_eq!(told.so_far(), ["headed", "progressed", "success"]);
}

#[test]
fn what_is_pending_keeps_its_ticket() {
    let told = Told::default();
    assert!(judged::<Rewrap>(Poll::Pending, &told).is_pending());
    assert!(judged::<Keep>(Poll::Pending, &told).is_pending());
    assert_eq!(told.so_far(), ["dropped", "dropped"], "by the test");
}

/// There is no place for a ticket in a body that stays what it is.
#[test]
fn a_body_that_is_kept_is_judged_by_the_head() {
    for (status, outcome) in [(200, "success"), (429, "throttled"), (500, "failure")] {
        let told = Told::default();
        assert!(judged::<Keep>(Poll::Ready(Ok(response(status, &[]))), &told).is_ready());
        assert_eq!(told.so_far(), [outcome]);
    }
}

#[derive(Debug)]
enum DbError {
    Refused(Problem),
    Duplicate,
}
impl From<Problem> for DbError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// How a layer around a database refuses.
fn refused(problem: Problem) -> Result<u32, DbError> {
    <AsError as Answer<(), u32, DbError>>::refused(problem, ())
}

#[test]
fn anything_can_be_judged_by_a_closure() {
    let classify = Shared::new(classify_fn(|result: Result<&u32, &DbError>| match result {
        Ok(0) => Outcome::Throttled,
        Ok(_) | Err(DbError::Duplicate) => Outcome::Success,
        Err(DbError::Refused(problem)) if problem.code() == Code::SATURATED => Outcome::Rejected,
        Err(DbError::Refused(_)) => Outcome::Failure,
    }));
    for (result, outcome) in [
        (Ok(0), "throttled"),
        (Ok(7), "success"),
        (Err(DbError::Duplicate), "success"),
        (refused(Problem::new(Code::SATURATED)), "rejected"),
    ] {
        let told = Told::default();
        let mut ticket = Some(told.ticket());
        let polled = <AsError as JudgedAnswer<(), u32, DbError, _, _>>::judged(
            &classify,
            &mut ticket,
            Poll::Ready(result),
        );
        assert!(polled.is_ready() && ticket.is_none());
        assert_eq!(told.so_far(), [outcome]);
    }
}

#[test]
fn a_judge_that_panics_leaves_the_ticket_where_it_is() {
    struct Broken;
    impl ClassifyEnd for Broken {}
    impl Classify<Res, io::Error> for Broken {
        fn error(&self, _: &io::Error) -> Judgement {
            panic!("in the judge")
        }
        fn response(&self, _: &Res) -> Verdict {
            panic!("in the judge")
        }
    }
    let told = Told::default();
    let mut ticket = Some(told.ticket());
    let classify = Shared::new(Broken);
    let judging = catch_unwind(AssertUnwindSafe(|| {
        let polled = Poll::Ready(Ok(response(200, &[])));
        <Rewrap as JudgedAnswer<Req, Res, io::Error, _, _>>::judged(&classify, &mut ticket, polled)
            .is_ready()
    }));
    assert!(judging.is_err() && ticket.is_some());
    assert!(told.so_far().is_empty());
}

#[test]
fn a_refusal_over_http_has_status_wait_and_problem_but_no_body() {
    let problem = Problem::new(Code::CIRCUIT_OPEN).with_retry_after(Duration::from_millis(1_001));
    let wants = <Keep as Answer<Req, Res, io::Error>>::wants(&Request::new(()));
    let refused = <Keep as Answer<Req, Res, io::Error>>::refused(problem, wants).unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "2");
    assert_eq!(refused.headers().len(), 1);
    assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::CIRCUIT_OPEN);
    assert!(refused.extensions().get::<LocalRefusal>().is_some());
    assert!(http_body::Body::is_end_stream(refused.body()));

    let judged = super::judgement(&HttpClassify::new(), &refused);
    assert_eq!(judged.outcome(), Outcome::Rejected);
}

#[test]
fn a_refusal_over_grpc_is_a_status_with_a_pushback() {
    let mut request = Request::new(());
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    let wants = <Rewrap as Answer<Req, Res, io::Error>>::wants(&request);
    assert!(wants.is_grpc());
    let problem = Problem::new(Code::CIRCUIT_OPEN).with_retry_after(Duration::from_millis(1_001));
    let refused = <Rewrap as Answer<Req, Res, io::Error>>::refused(problem, wants).unwrap();
    assert_eq!(refused.status(), 200);
    assert_eq!(refused.headers()["grpc-status"], "14");
    assert_eq!(refused.headers()["grpc-retry-pushback-ms"], "1001");
    assert!(refused.extensions().get::<Problem>().is_some());
    assert_eq!(super::judgement(&HttpClassify::new(), &refused).outcome(), Outcome::Rejected);
}

/// It was asked, and did not answer: whoever stands outside has to count that.
#[test]
fn a_time_out_is_no_refusal_of_ours() {
    let wants = <Keep as Answer<Req, Res, io::Error>>::wants(&Request::new(()));
    let late = <Keep as Answer<Req, Res, io::Error>>::refused(Problem::timed_out(), wants).unwrap();
    assert!(late.extensions().get::<LocalRefusal>().is_none());
    let judged = super::judgement(&HttpClassify::new(), &late);
    assert_eq!((judged.outcome(), judged.reached()), (Outcome::Failure, Reached::Perhaps));

    let theirs = super::judgement(&HttpClassify::new(), &response(504, &[]));
    assert_eq!((theirs.outcome(), theirs.reached()), (Outcome::Failure, Reached::Answered));
}

#[test]
fn so_it_is_over_grpc() {
    let mut request = Request::new(());
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    let wants = <Keep as Answer<Req, Res, io::Error>>::wants(&request);
    let late = <Keep as Answer<Req, Res, io::Error>>::refused(Problem::timed_out(), wants).unwrap();
    assert_eq!(late.headers()["grpc-status"], "4");
    let judged = super::judgement(&HttpClassify::new(), &late);
    assert_eq!((judged.outcome(), judged.reached()), (Outcome::Failure, Reached::Perhaps));
}

type Judging = (HttpClassify, Teller);
fn passes<M: JudgedAnswer<Req, Res, io::Error, C, T>, C, T>(_: Option<(C, T)>) -> bool {
    M::passed(Poll::Ready(Ok(response(500, &[])))).is_ready()
        && M::passed(Poll::Pending).is_pending()
}

#[test]
fn what_nobody_judges_passes() {
    let passed =
        <Rewrap as Answer<Req, Res, io::Error>>::passed(Poll::Ready(Ok(response(500, &[]))));
    let Poll::Ready(Ok(passed)) = passed else { panic!("it was there") };
    assert_eq!(passed.status(), 500);
    let kept = <Keep as Answer<Req, Res, io::Error>>::passed(Poll::Ready(Ok(response(500, &[]))));
    assert!(matches!(kept, Poll::Ready(Ok(response)) if response.status() == 500));
    assert!(passes::<Rewrap, _, _>(None::<Judging>) && passes::<Keep, _, _>(None::<Judging>));
}
