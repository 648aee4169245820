//! Stages that are switched off, swapped, boxed and listed behave as those that were written down.

use std::pin::pin;
use std::sync::Arc;

use buttress_core::stage::{BoxStage, Hot, Stage, StageList};
use buttress_core::{Code, Problem};
use buttress_testkit::{mock, poll};
use http::{Request, StatusCode};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use super::{Flights, Log, Named, Waits, asking, left};

#[tokio::test]
async fn a_request_leaves_through_the_stage_it_entered() {
    let log = Log::default();
    let hot = Hot::new(Named("old", log.clone()).then(Waits("w")));
    let (service, _inner) = mock::service();
    let service = hot.clone().layer().layer(service);

    let mut early = pin!(service.clone().oneshot(Request::new(())));
    poll::assert_pending(early.as_mut());
    let old = hot.swap(Named("new", log.clone()).then(Waits("w")));

    assert_eq!(left(&early.await.unwrap()), ["old"]);
    assert_eq!(left(&service.oneshot(Request::new(())).await.unwrap()), ["new"]);
    assert_eq!(Arc::strong_count(&old), 1, "nobody holds the old stage any more");
}

#[tokio::test]
async fn a_stage_that_is_switched_off_lets_everything_pass() {
    let log = Log::default();
    let (service, _inner) = mock::service();
    let stages = None::<Waits>.then(Some(Named("on", log.clone()))).then(None::<Named>);
    let request: Request<()> = asking("w", "refuse");
    let response = stages.layer().layer(service).oneshot(request).await.unwrap();
    assert_eq!((response.status(), left(&response)), (StatusCode::OK, vec!["on"]));
}

#[tokio::test]
async fn an_empty_list_lets_everything_pass() {
    let (service, _inner) = mock::service();
    let list: StageList = [].into_iter().collect();
    let response = list.layer().layer(service).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn errors_and_drops_reach_the_stages_of_a_list() {
    let flights = Flights::default();
    let stages = [flights.clone().boxed(), Waits("w").boxed(), flights.clone().boxed()];
    let (service, inner) = mock::service::<()>();
    let service = stages.into_iter().collect::<StageList>().layer().layer(service);

    inner.fail("broken");
    assert!(service.clone().oneshot(Request::new(())).await.is_err());
    assert_eq!((flights.inside(), flights.ended()), (0, (0, 2)));

    let mut dropped = Box::pin(service.oneshot(Request::new(())));
    poll::assert_pending(&mut dropped);
    assert_eq!(flights.inside(), 1);
    drop(dropped);
    assert_eq!(flights.inside(), 0);
}

/// What stands at one place of a random wall.
#[derive(Clone, Copy, Debug)]
enum Piece {
    Named,
    Waits,
    Off,
}

/// Two walls of the same pieces: one boxed and listed, one composed from the left.
fn walls(pieces: &[Piece], log: &Log) -> (StageList, BoxStage) {
    let piece = |(at, piece): (usize, &Piece)| match piece {
        Piece::Named => Named(NAMES[at], log.clone()).boxed(),
        Piece::Waits => Hot::new(Waits(NAMES[at])).boxed(),
        Piece::Off => None::<Waits>.boxed(),
    };
    let listed = pieces.iter().enumerate().map(piece).collect();
    let composed = pieces.iter().enumerate().map(piece);
    (listed, composed.fold(().boxed(), |outer, inner| outer.then(inner).boxed()))
}

const NAMES: [&str; 6] = ["p0", "p1", "p2", "p3", "p4", "p5"];

proptest! {
    /// However a wall is put together, the same request meets the same fate.
    #[test]
    fn a_list_and_a_composition_are_the_same_wall(
        pieces in prop::collection::vec(
            prop_oneof![Just(Piece::Named), Just(Piece::Waits), Just(Piece::Off)], 0..6),
        at in 0_usize..6,
        wish in prop::sample::select(vec!["pass", "refuse", "keep", "answer", "again"]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let log = Log::default();
        let (listed, composed) = walls(&pieces, &log);

        let seen = runtime.block_on(async {
            let mut seen = Vec::new();
            for stage in [listed.boxed(), composed] {
                let (service, _inner) = mock::service();
                let request: Request<()> = asking(NAMES[at], wish);
                let response = stage.layer().layer(service).oneshot(request).await.unwrap();
                let refused = response.extensions().get::<Problem>().map(Problem::code);
                prop_assert!(refused.is_none() || refused == Some(Code::FORBIDDEN));
                seen.push((response.status(), response.headers().clone(), log.take()));
            }
            Ok(seen)
        })?;
        prop_assert_eq!(&seen[0], &seen[1]);
    }
}
