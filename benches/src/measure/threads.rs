//! How throughput grows when a second thread shares the value.

use std::io;
use std::num::NonZero;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::timed;
use crate::Case;

const ROUNDS: u32 = 40;
const ROUND: Duration = Duration::from_millis(4);

/// The factor for each case that asked for it.
pub(super) fn scaling(cases: &[&Case]) -> io::Result<Vec<Option<f64>>> {
    if thread::available_parallelism().map_or(1, NonZero::get) < 2 {
        return Err(io::Error::other("this machine has only one core to give"));
    }
    Ok(cases.iter().map(|case| case.wants_two_threads().then(|| factor(case))).collect())
}

/// The best of many rounds, for one thread and for two in turn: noise only ever slows.
fn factor(case: &Case) -> f64 {
    let times = times_in(case, ROUND);
    let (mut alone, mut together) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        alone = alone.min(timed(|| case.run(times)));
        together = together.min(slower_of_two(case, times));
    }
    2.0 * alone.as_secs_f64() / together.as_secs_f64()
}

fn times_in(case: &Case, round: Duration) -> u64 {
    let mut times = 100;
    while timed(|| case.run(times)) < round {
        times *= 2;
    }
    times
}

/// Both start at once; the time until the last is done.
fn slower_of_two(case: &Case, times: u64) -> Duration {
    let gate = Barrier::new(2);
    let run = || {
        gate.wait();
        timed(|| case.run(times))
    };
    thread::scope(|scope| {
        let other = scope.spawn(run);
        let mine = run();
        other.join().map_or(mine, |theirs| mine.max(theirs))
    })
}
