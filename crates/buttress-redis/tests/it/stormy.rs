//! A little of what `soak` runs for minutes.

use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};

use crate::storm::alone::Alone;
use crate::storm::leg::Leg;

/// Their seed has the server freeze during a rush, die behind a door that is shut, and be full, and the network lie
/// and cut; and scripts are lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_random_faults_make_nothing_run_twice() {
    let ends = SystemClock.now() + Duration::from_secs(40);
    let leg = Leg { seed: 946, rounds: 6, ends, callers: 16, rush: 500 };
    let tally = leg.run::<Alone>().await;
    assert!(tally.done > 0 && tally.not > 0 && tally.unsure > 0, "some of each: {tally:?}");
}
