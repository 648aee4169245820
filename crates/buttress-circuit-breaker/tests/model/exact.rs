use std::time::Duration;

use buttress_circuit_breaker::{Abandoned, Reason, Rule, State, Trip, Why};
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
    /// Of the probes that are out: until when each may keep its place, and the number of that.
    pub leases: Vec<(u64, u64)>,
    pub probes: u64,
    pub won: u8,
    pub lost: u8,
    pub would: bool,
    pub calls: Vec<Call>,
    /// How many there were, also before it was moved last. The buckets of a key are cut from the first one.
    pub all_calls: u64,
    pub failures: Vec<u64>,
    pub throttled: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub at: u64,
    pub calls: u64,
    pub failed: bool,
    pub slow: bool,
}

/// A call that passed.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    pub generation: u32,
    pub probe: bool,
    pub free: bool,
    pub counted: bool,
    pub place: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
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
            leases: Vec::new(),
            probes: 0,
            won: 0,
            lost: 0,
            would: false,
            calls: Vec::new(),
            all_calls: 0,
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
        let oldest = *self.leases.iter().min().expect("all places are taken");
        if self.now < oldest.0 {
            let wait = Duration::from_millis((oldest.0 - self.now).min(1_000));
            return Err((State::HalfOpen, Some(wait)));
        }
        if self.lost == 2 {
            self.open(Trip::new(Reason::Hanging, 3, 3), None);
            return Err((State::Open, Some(self.left())));
        }
        self.lost += 1;
        self.give_back(oldest.1);
        Ok(self.probe())
    }

    /// For how long it stays open.
    pub fn left(&self) -> Duration {
        Duration::from_nanos(self.until.saturating_sub(self.now * 1_000_000))
    }

    fn probe(&mut self) -> Passed {
        self.out += 1;
        self.probes += 1;
        self.leases.push((self.now + self.spec.lease, self.probes));
        Passed { place: self.probes, ..self.passed(true, false) }
    }

    pub fn give_back(&mut self, place: u64) {
        self.out -= 1;
        self.leases.retain(|lease| lease.1 != place);
    }

    fn passed(&self, probe: bool, free: bool) -> Passed {
        Passed { generation: self.generation, probe, free, counted: false, place: 0 }
    }

    pub fn settle(
        &mut self,
        call: Passed,
        outcome: Outcome,
        took: Option<u64>,
        advice: Option<u64>,
    ) {
        let is_lost = call.probe && !self.leases.iter().any(|lease| lease.1 == call.place);
        if call.generation != self.generation || call.free || is_lost {
            return;
        }
        let verdict = self.verdict(outcome, took);
        let bad = matches!(verdict, Verdict::Bad { .. } | Verdict::Throttled);
        let advice = advice.filter(|_| bad);
        match (call.probe, verdict) {
            (true, verdict) => self.settle_probe(call.place, verdict, advice),
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

    pub fn minds_slow(&self) -> bool {
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
}
