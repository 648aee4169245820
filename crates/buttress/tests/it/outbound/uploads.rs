//! What goes wrong with the body of a request, because of its caller, is no news of whom it was for.

use std::time::Duration;

use buttress::OutboundBuilder;
use buttress::circuit_breaker::State;
use buttress::clock::TokioClock;
use buttress::overload::Priority;
use buttress::overload::adaptive::{Adaptive, Aimd};
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::MockError;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt, service_fn};

use super::rig::{answer, in_time};

type Attempt = Request<ReplayBody<Frames>>;
type Answered = Result<Response<Full<Bytes>>, MockError>;

/// As calls go there: straight, with what is kept for a repeat, with a second attempt beside, and past a guard.
fn walls() -> Vec<OutboundBuilder> {
    let wall = || {
        let wall = Outbound::to("files").circuit_breaker(CircuitBreaker::after(3));
        wall.attempt_timeout(secs(5)).clock(TokioClock::new())
    };
    let hedged = wall().retry(Retry::up_to(2)).hedge(Hedge::after(secs(1)));
    let guarded = wall().adaptive(Adaptive::by(Aimd::new()));
    vec![wall(), wall().retry(Retry::up_to(3)), hedged, guarded]
}

/// What becomes of three uploads that a client gets in this way. Of each, nobody waits for longer than that.
async fn three<S>(upload: fn() -> Frames, client: S, patience: Duration) -> Vec<(State, Vec<u16>)>
where
    S: Service<Attempt, Response = Response<Full<Bytes>>, Error = MockError> + Clone,
{
    let mut seen = Vec::new();
    for wall in walls() {
        let (wall, mut statuses) = (wall.build().unwrap(), Vec::new());
        for _ in 0..3 {
            let request = Request::post("/").body(upload()).unwrap();
            let call = Box::pin(wall.layer_on(client.clone()).oneshot(request));
            let answer = tokio::time::timeout(patience, call).await;
            let answer = answer.map(|answer| answer.map_or(0, |answer| answer.status().as_u16()));
            statuses.extend(answer);
        }
        seen.push((wall.breaker().state(), statuses));
    }
    seen
}

fn all(state: State, status: u16) -> Vec<(State, Vec<u16>)> {
    vec![(state, vec![status; 3]); 4]
}

const LONG: Duration = Duration::from_secs(600);

fn drips() -> Frames {
    Frames::new().data("a").hold().data("nother")
}

fn whole() -> Frames {
    Frames::new().data("a").data("nother")
}

fn breaks() -> Frames {
    Frames::new().data("a").fail("the caller is gone")
}

/// Reads all that it is sent, and answers then, if it does.
async fn read(request: Attempt, status: Option<u16>) -> Answered {
    request.into_body().collect().await?;
    match status {
        Some(status) => Ok(answer(status)),
        None => std::future::pending().await,
    }
}

/// The trap: a caller who sends slowly opens the breaker for everybody.
#[tokio::test(start_paused = true)]
async fn a_dripping_upload_is_no_timeout_of_the_dependency() {
    let client = service_fn(|request| read(request, Some(200)));
    assert_eq!(three(drips, client, LONG).await, all(State::Closed, 504));

    let hangs = service_fn(|request| read(request, None));
    assert_eq!(three(whole, hangs, LONG).await, all(State::Open, 504), "it had all of it");
    let deaf = service_fn(|_: Attempt| std::future::pending::<Answered>());
    assert_eq!(three(drips, deaf, LONG).await, all(State::Open, 504), "nobody asked the caller");
}

/// Four seconds are slow where an attempt may take five.
#[tokio::test(start_paused = true)]
async fn an_upload_that_its_caller_gives_up_was_not_slow() {
    let client = service_fn(|request| read(request, Some(200)));
    let given_up = |state| vec![(state, Vec::new()); 4];
    assert_eq!(three(drips, client, secs(4)).await, given_up(State::Closed));

    let hangs = service_fn(|request| read(request, None));
    assert_eq!(three(whole, hangs, secs(4)).await, given_up(State::Open));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_breaks_off_is_no_error_of_the_dependency() {
    let client = service_fn(|request| read(request, Some(200)));
    assert_eq!(three(breaks, client, LONG).await, all(State::Closed, 0));

    let broken = service_fn(|request| async {
        read(request, Some(200)).await?;
        Answered::Err(MockError::new("of the dependency"))
    });
    assert_eq!(three(whole, broken, LONG).await, all(State::Open, 0));
}

/// A body is the caller's code, too.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_callers_body_is_none_of_the_client() {
    for wall in walls() {
        let wall = wall.build().unwrap();
        for _ in 0..3 {
            let body = Frames::new().data("a").hold();
            let panics = body.map_frame(|_| panic!("of the caller"));
            let client = service_fn(|request: Request<ReplayBody<_>>| async {
                let read: Result<_, MockError> = BodyExt::collect(request.into_body()).await;
                read.map(|_| answer(200))
            });
            let call = wall.layer_on(client).oneshot(Request::post("/").body(panics).unwrap());
            assert!(tokio::spawn(call).await.unwrap_err().is_panic());
        }
        assert_eq!(wall.breaker().state(), State::Closed);
    }
}

/// It says that the request did not come in time: whose fault that is shows the body.
#[tokio::test(start_paused = true)]
async fn a_request_timeout_is_the_callers_if_he_was_waited_for() {
    let impatient = service_fn(|request: Attempt| async {
        let read = tokio::time::timeout(secs(2), read(request, None)).await;
        Ok(read.map_or_else(|_| answer(408), |_: Answered| answer(200)))
    });
    assert_eq!(three(drips, impatient, LONG).await, all(State::Closed, 408));
    assert_eq!(three(whole, impatient, LONG).await, all(State::Open, 408));
}

/// Nor is it load: the limit stays where it was.
#[tokio::test(start_paused = true)]
async fn a_dripping_upload_lowers_no_limit() {
    let twenty = Aimd::new().between(1, 40).starting_at(20);
    let wall = Outbound::to("files").adaptive(Adaptive::by(twenty)).attempt_timeout(secs(5));
    let client = wall.clock(TokioClock::new()).build().unwrap();
    let client = client.layer_on(service_fn(|request| read(request, Some(200))));
    let twenty_at_once = |upload: fn() -> Frames| {
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let request = Request::post("/").extension(Priority::Critical).body(upload());
                tokio::spawn(client.clone().oneshot(request.unwrap()))
            })
            .collect();
        async {
            let mut late = 0;
            for call in calls {
                let answer = in_time(call).await.unwrap().unwrap();
                late += u32::from(answer.status() == 504);
            }
            late
        }
    };
    assert_eq!(twenty_at_once(drips).await, 20);
    assert_eq!(twenty_at_once(drips).await, 20, "there is room for as many");
}
