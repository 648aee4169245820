//! What came of the clients, in tenths of a second.

use std::ops::Range;
use std::time::Duration;

use buttress_core::clock::ms;
use buttress_overload::Priority;

const TICK: Duration = ms(100);

#[derive(Default)]
pub struct Tally {
    ticks: Vec<Tick>,
    /// What the server did that nobody waited for any more.
    pub in_vain: u64,
}

#[derive(Clone, Copy, Default)]
struct Tick {
    came: [u64; 4],
    /// Of those that came then.
    served_of_them: [u64; 4],
    /// Within this tick, whenever they came.
    served: u64,
}

impl Tally {
    pub fn came(&mut self, at: Duration, priority: Priority) {
        self.tick(at).came[rank(priority)] += 1;
    }

    pub fn served(&mut self, came: Duration, at: Duration, priority: Priority) {
        self.tick(came).served_of_them[rank(priority)] += 1;
        self.tick(at).served += 1;
    }

    /// What the server did in all.
    pub fn done(&self) -> u64 {
        self.in_vain + self.ticks.iter().map(|tick| tick.served).sum::<u64>()
    }

    /// How many were served in a second, within this time.
    pub fn goodput(&self, from: Duration, until: Duration) -> f64 {
        let served: u64 = self.between(from, until).iter().map(|tick| tick.served).sum();
        served as f64 / until.saturating_sub(from).as_secs_f64()
    }

    /// Which share of those were served that came within this time.
    pub fn share(&self, priority: Priority, from: Duration, until: Duration) -> f64 {
        let at = rank(priority);
        let sum = |of: fn(&Tick) -> [u64; 4]| -> u64 {
            self.between(from, until).iter().map(|tick| of(tick)[at]).sum()
        };
        sum(|tick| tick.served_of_them) as f64 / sum(|tick| tick.came).max(1) as f64
    }

    /// How long after the storm it took until in each second as many were served as in the worst one before it, to
    /// three in a hundred: so much is chance.
    pub fn recovery(&self, before: Range<Duration>, after: Range<Duration>) -> Duration {
        let worst = self.seconds(before).fold(1.0, f64::min);
        let bad = self.seconds(after).enumerate().filter(|(_, share)| *share < worst - 0.03).last();
        bad.map_or(Duration::ZERO, |(step, _)| TICK * (step as u32 + 1))
    }

    /// Which share was served of those that came in a second, for each second that begins within this time.
    fn seconds(&self, within: Range<Duration>) -> impl Iterator<Item = f64> {
        let second = Duration::from_secs(1);
        let steps = within.end.saturating_sub(within.start + second).as_millis() / TICK.as_millis();
        (0..=steps as u32).map(move |step| {
            let at = within.start + TICK * step;
            let ticks = self.between(at, at + second);
            let came: u64 = ticks.iter().flat_map(|tick| tick.came).sum();
            let served: u64 = ticks.iter().flat_map(|tick| tick.served_of_them).sum();
            served as f64 / came.max(1) as f64
        })
    }

    fn between(&self, from: Duration, until: Duration) -> &[Tick] {
        let at = |time: Duration| (index(time)).min(self.ticks.len());
        &self.ticks[at(from)..at(until)]
    }

    fn tick(&mut self, at: Duration) -> &mut Tick {
        let at = index(at);
        if self.ticks.len() <= at {
            self.ticks.resize(at + 1, Tick::default());
        }
        &mut self.ticks[at]
    }
}

fn index(time: Duration) -> usize {
    (time.as_millis() / TICK.as_millis()) as usize
}

fn rank(priority: Priority) -> usize {
    Priority::ALL.iter().position(|one| *one == priority).unwrap()
}
