use std::time::Duration;

use buttress_circuit_breaker::{Force, State, Trip, Why};

use super::exact::Exact;
use super::spec::Spec;

/// Its steps, and who makes them from outside.
impl Exact {
    pub fn trip(&mut self, trip: Trip) -> bool {
        let opens = matches!(self.state, State::Closed | State::RampingUp | State::HalfOpen);
        if opens {
            self.open(trip, None);
        }
        opens
    }

    pub fn force(&mut self, force: Force) {
        let (held, to, why) = match force {
            Force::Release => (self.state.is_forced(), self.spec.mode.state(), Why::Released),
            _ => (true, force.state(), Why::Forced),
        };
        if held && self.state != to {
            self.step(to, Some(why));
            self.level = 0;
        }
    }

    pub fn reset(&mut self) {
        let was = self.state;
        let to = if was.is_forced() { was } else { self.spec.mode.state() };
        self.step(to, (was != to).then_some(Why::Reset));
        (self.level, self.since) = (0, self.now);
    }

    pub fn reconfigure(&mut self, spec: Spec) {
        let (won, lost) = (self.won, self.lost);
        (self.spec, self.all_calls) = (spec, 0);
        self.step(self.state, None);
        if self.state == State::HalfOpen {
            (self.won, self.lost) = (won, lost);
        }
    }

    pub fn open(&mut self, trip: Trip, advice: Option<u64>) {
        let stable = self.spec.stable_after.unwrap_or(self.spec.last);
        let is_stable = self.state == State::Closed && self.now - self.since >= stable;
        self.level = if is_stable { 1 } else { (self.level + 1).min(31) };
        let own = self.open_time();
        let time = match (advice, self.spec.follow) {
            (Some(advice), Some(most)) => own.max(advice.min(most) * 1_000_000),
            _ => own,
        };
        self.step(State::Open, Some(Why::Tripped(trip)));
        self.until = self.now * 1_000_000 + time;
        self.reason = Some(trip.reason());
    }

    /// Nanoseconds.
    fn open_time(&self) -> u64 {
        let doubled = self.spec.first << (self.level - 1).min(20);
        let bare = Duration::from_millis(doubled.min(self.spec.last));
        let margin = f64::from(self.spec.jitter) / 100.0;
        let [first, last] = [self.spec.first, self.spec.last].map(Duration::from_millis);
        let shortest = bare.mul_f64(1.0 - margin).max(first);
        let longest = bare.mul_f64(1.0 + margin).min(last);
        let time = shortest + longest.saturating_sub(shortest).mul_f64(self.share);
        u64::try_from(time.as_nanos()).unwrap()
    }

    pub fn step(&mut self, to: State, why: Option<Why>) {
        if let Some(why) = why {
            self.told.push((self.state, to, why));
        }
        if self.state != to {
            self.since = self.now;
        }
        if self.state != to || to != State::Open {
            self.reason = None;
        }
        self.state = to;
        self.generation += 1;
        (self.in_a_row, self.out, self.won, self.lost, self.would) = (0, 0, 0, 0, false);
        self.leases.clear();
        self.calls.clear();
        self.failures.clear();
        self.throttled.clear();
    }
}
