//! A permit that is held until a body ends is held exactly so long, however that is.

use std::io;

use buttress::circuit_breaker::State;
use buttress::clock::TokioClock;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use buttress_testkit::body::Frames;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use super::rig::{Asked, get, in_time};

type Attempt = Request<ReplayBody<Full<Bytes>>>;

/// With one permit. After one failure of two it is open.
fn wall() -> Outbound {
    Outbound::to("files")
        .retry(Retry::up_to(2).backoff(Backoff::none()))
        .circuit_breaker(CircuitBreaker::after(2))
        .bulkhead(1)
        .permits_until_body_ends()
        .clock(TokioClock::new())
        .build()
        .unwrap()
}

/// Its answer is of that status, and has such a body.
async fn asked(
    wall: &Outbound,
    status: u16,
    body: fn() -> Frames,
) -> Response<buttress::outbound::OutboundBody<Frames>> {
    let files = service_fn(move |_: Attempt| async move {
        Ok::<_, io::Error>(Response::builder().status(status).body(body()).unwrap())
    });
    in_time(wall.layer_on(files).oneshot(get())).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_with_the_end_of_the_body_or_its_drop() {
    for status in [200, 404, 500] {
        let wall = wall();
        let held = || wall.bulkhead().unwrap().in_flight();
        let whole = || Frames::new().data("of ").data("a file").of_unknown_size();

        let answer = asked(&wall, status, whole).await;
        assert_eq!(held(), 1, "the body of a {status} is not read yet");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "of a file");
        assert_eq!(held(), 0);

        let answer = asked(&wall, status, whole).await;
        assert_eq!(held(), 1);
        drop(answer);
        assert_eq!(held(), 0, "nobody wants it");
    }
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_where_there_is_no_body_or_one_that_breaks_off() {
    let wall = wall();
    let held = || wall.bulkhead().unwrap().in_flight();
    drop(asked(&wall, 200, Frames::new).await);
    let empty = asked(&wall, 200, Frames::new).await;
    assert_eq!(held(), 0, "there is nothing to wait for: {empty:?}");

    let broken = || Frames::new().data("half").fail("it broke").of_unknown_size();
    for state in [State::Closed, State::Open] {
        let answer = asked(&wall, 200, broken).await;
        assert_eq!(held(), 1);
        assert!(answer.into_body().collect().await.is_err());
        assert_eq!((held(), wall.breaker().state()), (0, state), "the breaker hears of it, too");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_repeated_or_fails_holds_none() {
    let (wall, times) = (wall(), Asked::default());
    let counted = times.clone();
    let files = service_fn(move |_: Attempt| {
        let status = if counted.once_more() == 1 { 503 } else { 200 };
        async move {
            let body = Frames::new().data("of a file").of_unknown_size();
            Ok::<_, io::Error>(Response::builder().status(status).body(body).unwrap())
        }
    });
    let answer = in_time(wall.layer_on(files).oneshot(get())).await.unwrap();
    assert_eq!((answer.status().as_u16(), times.times()), (200, 2), "the second had the permit");
    drop(answer);

    let fails =
        service_fn(|_: Attempt| async { Err::<Response<Frames>, _>(io::Error::other("no luck")) });
    assert!(in_time(wall.layer_on(fails).oneshot(get())).await.is_err());
    assert_eq!(wall.bulkhead().unwrap().in_flight(), 0);
}
