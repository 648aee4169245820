use std::time::Duration;

use buttress_circuit_breaker::{Over, Reason, Rule, State, Trip, Why};

use super::exact::{Call, Exact, Verdict};
use super::spec::Cut;

/// What outcomes do to it.
impl Exact {
    pub fn settle_probe(&mut self, place: u64, verdict: Verdict, advice: Option<u64>) {
        let minds_slow = self.minds_slow();
        match verdict {
            Verdict::Nothing => self.give_back(place),
            Verdict::Good { slow } if !(slow && minds_slow) => {
                self.give_back(place);
                self.won += 1;
                self.lost = 0;
                if self.won >= self.spec.close_after {
                    let ramps = self.spec.ramp_up.is_some();
                    let state = if ramps { State::RampingUp } else { State::Closed };
                    self.step(state, Some(Why::Recovered));
                }
            }
            _ => self.open(Trip::new(Reason::Probe, 1, 1), advice),
        }
    }

    pub fn count(&mut self, counted: bool, verdict: Verdict, advice: Option<u64>) {
        match verdict {
            Verdict::Good { .. } => self.in_a_row = 0,
            Verdict::Bad { .. } => {
                self.in_a_row += 1;
                self.failures.push(self.now);
            }
            Verdict::Throttled => self.throttled.push(self.now),
            Verdict::Hanging | Verdict::Nothing => {}
        }
        let call = match verdict {
            Verdict::Good { slow } => Some((false, slow)),
            Verdict::Bad { slow } => Some((true, slow)),
            Verdict::Hanging => Some((false, true)),
            _ => None,
        };
        // One that hung counts once, and only that it fails is news.
        let fails = matches!(verdict, Verdict::Bad { .. });
        let call = call.filter(|_| !counted || fails);
        if let Some((failed, slow)) = call {
            let slow = slow && !counted;
            self.all_calls += u64::from(!counted);
            self.calls.push(Call { at: self.now, calls: u64::from(!counted), failed, slow });
        }
        let holds = |rule: &Rule| self.holds(rule, verdict, call.is_some());
        let Some(trip) = self.spec.rules.iter().find_map(holds) else { return };
        match self.state {
            State::Closed | State::RampingUp => self.open(trip, advice),
            State::MetricsOnly if !self.would => {
                self.would = true;
                self.told.push((self.state, self.state, Why::WouldTrip(trip)));
            }
            _ => {}
        }
    }

    fn holds(&self, rule: &Rule, verdict: Verdict, counted: bool) -> Option<Trip> {
        let failed = matches!(verdict, Verdict::Bad { .. });
        let lately = |times: &[u64], within: Duration| {
            times.iter().filter(|then| Duration::from_millis(self.now - **then) < within).count()
        };
        let halved = |n: u32| if self.state == State::RampingUp { n.div_ceil(2) } else { n };
        match *rule {
            Rule::InARow(n) => {
                (failed && self.in_a_row >= n).then(|| Trip::new(Reason::InARow, self.in_a_row, n))
            }
            Rule::Failures { n, within, .. } => (failed
                && lately(&self.failures, within) >= n as usize)
                .then(|| Trip::new(Reason::Failures, n, n)),
            Rule::Throttled { n, within, .. } => (verdict == Verdict::Throttled
                && lately(&self.throttled, within) >= n as usize)
                .then(|| Trip::new(Reason::Throttled, n, n)),
            Rule::FailureRate { percent, over, at_least, .. } if counted => {
                let (calls, part, _) = self.window(over);
                rate(Reason::FailureRate, calls, part, percent, halved(at_least))
            }
            Rule::SlowRate { percent, over, at_least, .. } if counted => {
                let (calls, _, part) = self.window(over);
                rate(Reason::SlowRate, calls, part, percent, halved(at_least))
            }
            _ => None,
        }
    }

    /// Calls, failed ones and slow ones: a time in twenty buckets, or calls in as many as a window of them has.
    pub fn window(&self, over: Over) -> (u64, u64, u64) {
        // One look at each call is all that exact counts have room for.
        let once = self.spec.exact && matches!(over, Over::Calls(_));
        let calls = self.calls.iter().filter(|call| call.calls == 1 || !once);
        let counted: u64 = calls.clone().map(|call| call.calls).sum();
        let mut later = 0;
        let kept = calls.rev().take_while(|call| {
            // Which one it was; or of which one it is told that it failed.
            let nth = (counted - later).saturating_sub(1);
            later += call.calls;
            match over {
                Over::Calls(calls) => self.is_among(nth, counted, u64::from(calls)),
                Over::Time(time) => self.is_within(call.at, time),
                _ => false,
            }
        });
        kept.fold((0, 0, 0), |(calls, failed, slow), call| {
            (calls + call.calls, failed + u64::from(call.failed), slow + u64::from(call.slow))
        })
    }

    fn is_within(&self, at: u64, time: Duration) -> bool {
        let width = u64::try_from(time.as_nanos()).unwrap() / self.spec.buckets;
        let bucket = |at: u64| at * 1_000_000 / width;
        bucket(self.now) - bucket(at) < self.spec.buckets
    }

    /// Whether the `nth` call, from nothing, is among the last ones, which come and go by the bucket.
    fn is_among(&self, nth: u64, counted: u64, most: u64) -> bool {
        match self.spec.cut {
            _ if self.spec.exact => counted - nth <= most,
            Cut::Machine => {
                let size = (most / 40).max(1);
                let gone = counted.saturating_sub(most).div_ceil(size);
                nth / size >= gone
            }
            Cut::Table => {
                let size = most.div_ceil(10).max(1);
                let before = self.all_calls - counted;
                let newest = (before + counted).saturating_sub(1) / size;
                newest - (before + nth) / size < most / size
            }
        }
    }
}

fn rate(reason: Reason, calls: u64, part: u64, percent: u32, at_least: u32) -> Option<Trip> {
    let holds = calls >= u64::from(at_least) && part * 100 >= calls * u64::from(percent);
    let seen = u32::try_from(part * 100 / calls.max(1)).unwrap().min(100);
    holds.then(|| Trip::new(reason, seen, percent))
}
