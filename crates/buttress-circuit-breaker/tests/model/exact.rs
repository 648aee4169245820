use std::time::Duration;

use buttress_circuit_breaker::{Abandoned, Force, Over, Reason, Rule, State, Trip, Why};
use buttress_core::outcome::Outcome;

use super::spec::Spec;

/// A breaker that forgets nothing, and asks all that it remembers. Times are milliseconds.
pub struct Exact {
    pub spec: Spec,
    pub now: u64,
    pub share: f64,
    pub state: State,
    pub generation: u32,
    pub since: u64,
    /// Nanoseconds.
    pub until: u64,
    pub level: u32,
    pub reason: Option<Reason>,
    pub in_a_row: u32,
    pub out: u8,
    pub refused: u64,
    pub told: Vec<(State, State, Why)>,
    lease: u64,
    won: u8,
    lost: u8,
    would: bool,
    calls: Vec<Call>,
    failures: Vec<u64>,
    throttled: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    at: u64,
    calls: u64,
    failed: bool,
    slow: bool,
}

/// A call that passed.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    pub generation: u32,
    pub probe: bool,
    pub free: bool,
    pub counted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Good { slow: bool },
    Bad { slow: bool },
    Hanging,
    Throttled,
    Nothing,
}

impl Exact {
    pub fn new(spec: Spec, now: u64) -> Self {
        Self {
            now,
            share: 0.5,
            state: spec.mode.state(),
            generation: 1,
            since: now,
            until: 0,
            level: 0,
            reason: None,
            in_a_row: 0,
            out: 0,
            refused: 0,
            told: Vec::new(),
            lease: 0,
            won: 0,
            lost: 0,
            would: false,
            calls: Vec::new(),
            failures: Vec::new(),
            throttled: Vec::new(),
            spec,
        }
    }

    /// Who passes; or who does not: in which state, and for how long.
    pub fn enter(&mut self) -> Result<Passed, (State, Option<Duration>)> {
        let answer = self.decide();
        self.refused += u64::from(answer.is_err());
        answer
    }

    fn decide(&mut self) -> Result<Passed, (State, Option<Duration>)> {
        if self.state == State::Open && self.left().is_zero() {
            self.step(State::HalfOpen, Some(Why::Due));
            return Ok(self.probe());
        }
        if self.state == State::HalfOpen {
            return self.decide_half_open();
        }
        if self.state == State::RampingUp {
            let (elapsed, whole) = (self.now - self.since, self.spec.ramp_up.unwrap_or(0));
            if elapsed >= whole {
                self.step(State::Closed, Some(Why::RampedUp));
            } else if self.share >= (elapsed as f64 / whole as f64).max(0.1) {
                return Err((State::RampingUp, Some(Duration::from_secs(1))));
            }
        }
        match self.state {
            State::Open => Err((State::Open, Some(self.left()))),
            State::ForcedOpen => Err((State::ForcedOpen, None)),
            state => Ok(self.passed(false, state == State::Disabled)),
        }
    }

    fn decide_half_open(&mut self) -> Result<Passed, (State, Option<Duration>)> {
        if self.out < self.spec.probes {
            return Ok(self.probe());
        }
        if self.now < self.lease {
            return Err((
                State::HalfOpen,
                Some(Duration::from_millis((self.lease - self.now).min(1_000))),
            ));
        }
        if self.lost == 2 {
            self.open(Trip::new(Reason::Hanging, 3, 3), None);
            return Err((State::Open, Some(self.left())));
        }
        let (won, lost) = (self.won, self.lost + 1);
        self.step(State::HalfOpen, None);
        (self.won, self.lost) = (won, lost);
        Ok(self.probe())
    }

    /// For how long it stays open.
    pub fn left(&self) -> Duration {
        Duration::from_nanos(self.until.saturating_sub(self.now * 1_000_000))
    }

    fn probe(&mut self) -> Passed {
        self.out += 1;
        self.lease = self.lease.max(self.now + self.spec.lease);
        self.passed(true, false)
    }

    fn passed(&self, probe: bool, free: bool) -> Passed {
        Passed { generation: self.generation, probe, free, counted: false }
    }

    pub fn settle(
        &mut self,
        call: Passed,
        outcome: Outcome,
        took: Option<u64>,
        advice: Option<u64>,
    ) {
        if call.generation != self.generation || call.free {
            return;
        }
        let verdict = self.verdict(outcome, took);
        let bad = matches!(verdict, Verdict::Bad { .. } | Verdict::Throttled);
        let advice = advice.filter(|_| bad);
        match (call.probe, verdict) {
            (true, verdict) => self.settle_probe(verdict, advice),
            (false, Verdict::Nothing) => {}
            (false, verdict) => self.count(call.counted, verdict, advice),
        }
    }

    pub fn hangs(&mut self, call: &mut Passed) {
        let minds_slow = self.minds_slow();
        if call.generation == self.generation && !call.free && !call.probe && minds_slow {
            self.count(call.counted, Verdict::Hanging, None);
            call.counted = true;
        }
    }

    fn minds_slow(&self) -> bool {
        self.spec.rules.iter().any(|rule| matches!(rule, Rule::SlowRate { .. }))
    }

    fn verdict(&self, outcome: Outcome, took: Option<u64>) -> Verdict {
        let slow = took.is_some_and(|took| took > self.spec.slow);
        match outcome {
            Outcome::Success => Verdict::Good { slow },
            Outcome::Failure | Outcome::Panicked => Verdict::Bad { slow },
            Outcome::Throttled => Verdict::Throttled,
            Outcome::Abandoned => match self.spec.abandoned {
                Abandoned::Failure => Verdict::Bad { slow },
                Abandoned::FailureIfSlow if slow => Verdict::Bad { slow },
                _ => Verdict::Nothing,
            },
            _ => Verdict::Nothing,
        }
    }

    fn settle_probe(&mut self, verdict: Verdict, advice: Option<u64>) {
        let minds_slow = self.minds_slow();
        match verdict {
            Verdict::Nothing => self.out -= 1,
            Verdict::Good { slow } if !(slow && minds_slow) => {
                self.out -= 1;
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

    fn count(&mut self, counted: bool, verdict: Verdict, advice: Option<u64>) {
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

    /// Calls, failed ones and slow ones: a time in twenty buckets, or calls one by one.
    pub fn window(&self, over: Over) -> (u64, u64, u64) {
        let bucket = |at: u64| match over {
            Over::Time(time) => at * 1_000_000 / (u64::try_from(time.as_nanos()).unwrap() / 20),
            _ => 0,
        };
        let (now, mut later) = (bucket(self.now), 0);
        // One look at each call is all that exact counts have room for.
        let once = self.spec.exact && matches!(over, Over::Calls(_));
        let calls = self.calls.iter().filter(|call| call.calls == 1 || !once);
        let kept = calls.rev().take_while(|call| {
            let after = later;
            later += call.calls;
            match over {
                Over::Calls(calls) => after < u64::from(calls),
                _ => now - bucket(call.at) < 20,
            }
        });
        kept.fold((0, 0, 0), |(calls, failed, slow), call| {
            (calls + call.calls, failed + u64::from(call.failed), slow + u64::from(call.slow))
        })
    }

    pub fn trip(&mut self, trip: Trip) -> bool {
        let opens = matches!(self.state, State::Closed | State::RampingUp | State::HalfOpen);
        if opens {
            self.open(trip, None);
        }
        opens
    }

    pub fn force(&mut self, force: Force) {
        let to = force.state();
        let (moves, why) = match force {
            Force::Release => (self.state.is_forced(), Why::Released),
            _ => (self.state != to, Why::Forced),
        };
        if moves {
            self.step(to, Some(why));
            self.level = 0;
        }
    }

    pub fn reset(&mut self) {
        let was = self.state;
        self.step(State::Closed, (was != State::Closed).then_some(Why::Reset));
        (self.level, self.since) = (0, self.now);
    }

    pub fn reconfigure(&mut self, spec: Spec) {
        let (won, lost) = (self.won, self.lost);
        self.spec = spec;
        self.step(self.state, None);
        if self.state == State::HalfOpen {
            (self.won, self.lost) = (won, lost);
        }
    }

    fn open(&mut self, trip: Trip, advice: Option<u64>) {
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
        let spread = f64::from(self.spec.jitter) / 100.0 * (2.0 * self.share - 1.0);
        let [first, last] = [self.spec.first, self.spec.last].map(Duration::from_millis);
        let time = bare.mul_f64(1.0 + spread).clamp(first, last);
        u64::try_from(time.as_nanos()).unwrap()
    }

    fn step(&mut self, to: State, why: Option<Why>) {
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
        self.calls.clear();
        self.failures.clear();
        self.throttled.clear();
    }
}

fn rate(reason: Reason, calls: u64, part: u64, percent: u32, at_least: u32) -> Option<Trip> {
    let holds = calls >= u64::from(at_least) && part * 100 >= calls * u64::from(percent);
    let seen = u32::try_from(part * 100 / calls.max(1)).unwrap().min(100);
    holds.then(|| Trip::new(reason, seen, percent))
}
