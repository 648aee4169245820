//! How throughput grows when a second thread shares the value.

use std::io;
use std::num::NonZero;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::timed;
use crate::Case;

/// Like the times, in several turns: see there.
const TURNS: usize = 8;
const ROUNDS_A_TURN: usize = 12;
const ROUND: Duration = Duration::from_millis(2);

/// The factor for each case that asked for it.
pub(super) fn scaling(cases: &[&Case]) -> io::Result<Vec<Option<f64>>> {
    if thread::available_parallelism().map_or(1, NonZero::get) < 2 {
        return Err(io::Error::other("this machine has only one core to give"));
    }
    let mut fastest = vec![Fastest::default(); cases.len()];
    for _ in 0..TURNS {
        let wanted = cases.iter().zip(&mut fastest).filter(|(case, _)| case.wants_two_threads());
        wanted.for_each(|(case, fastest)| fastest.take_turn(case));
    }
    Ok(cases
        .iter()
        .zip(fastest)
        .map(|(case, fastest)| case.wants_two_threads().then(|| fastest.factor()))
        .collect())
}

/// The time for one call, in the best of many rounds: noise only ever slows.
#[derive(Clone, Copy)]
struct Fastest {
    alone: f64,
    together: f64,
}

impl Default for Fastest {
    fn default() -> Self {
        Self { alone: f64::INFINITY, together: f64::INFINITY }
    }
}

impl Fastest {
    fn take_turn(&mut self, case: &Case) {
        let times = times_in(case, ROUND);
        let calls = f64::from(u32::try_from(times).unwrap_or(u32::MAX));
        let each = |time: Duration| time.as_secs_f64() / calls;
        for _ in 0..ROUNDS_A_TURN {
            self.alone = self.alone.min(each(timed(|| case.run(times))));
            self.together = self.together.min(each(slower_of_two(case, times)));
        }
    }

    fn factor(self) -> f64 {
        2.0 * self.alone / self.together
    }
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
