use std::cell::RefCell;
use std::time::Duration;

use buttress_circuit_breaker::machine::{Ended, Machine, Outside};
use buttress_circuit_breaker::{Force, Rule, State, Transition, Trip, Why};
use buttress_core::clock::Moment;
use buttress_core::outcome::Outcome;

use super::chance::Chance;
use super::exact::{Exact, Passed};
use super::subject::{KeyOfATable, Subject};

/// Plays a script by chance to both, and compares all that can be seen after each of its steps.
pub fn play(seed: u64) {
    Stage::<Machine>::new(Chance::new(seed)).play(seed);
}

/// The same with the breaker of a key.
pub fn play_keyed(seed: u64) {
    Stage::<KeyOfATable>::new(Chance::new(seed)).play(seed);
}

struct Stage<S: Subject> {
    chance: Chance,
    machine: S,
    exact: Exact,
    /// Calls that passed, and when.
    calls: Vec<(S::Pass, Passed, u64)>,
    told: RefCell<Vec<Transition>>,
}

pub struct Here<'a> {
    now: u64,
    share: f64,
    told: &'a RefCell<Vec<Transition>>,
}

impl Outside for Here<'_> {
    fn now(&self) -> Moment {
        moment(self.now)
    }

    fn share(&self) -> f64 {
        self.share
    }

    fn tell(&self, step: &Transition) {
        self.told.borrow_mut().push(*step);
    }
}

const OUTCOMES: [Outcome; 10] = [
    Outcome::Success,
    Outcome::Success,
    Outcome::Success,
    Outcome::Failure,
    Outcome::Failure,
    Outcome::Failure,
    Outcome::Panicked,
    Outcome::Throttled,
    Outcome::Ignored,
    Outcome::Abandoned,
];

impl<S: Subject> Stage<S> {
    fn new(mut chance: Chance) -> Self {
        let spec = S::spec(&mut chance);
        // It matters to nothing where time begins.
        let now = chance.of(&[0, 0, 1_000_000]);
        let machine = S::new(spec.policy(), moment(now));
        let exact = Exact::new(spec, now);
        Self { chance, machine, exact, calls: Vec::new(), told: RefCell::default() }
    }

    fn play(mut self, seed: u64) {
        for step in 0..self.chance.from(5, 80) {
            self.act();
            self.compare(seed, step);
        }
    }

    fn act(&mut self) {
        self.exact.share = self.chance.share();
        match self.chance.from(0, 99) {
            0..10 if self.exact.spec.large => self.burst(),
            0..35 => self.enter(),
            35..70 => self.settle(),
            70..90 => self.exact.now += self.chance.of(&[1, 10, 100, 500, 1_000, 3_000]),
            90..93 => self.hangs(),
            93..95 => self.force(),
            95..97 => {
                let trip = Trip::switch();
                let opened = self.machine.trip(trip, &here(&self.exact, &self.told));
                assert_eq!(opened, self.exact.trip(trip));
            }
            97 => {
                self.machine.reset(&here(&self.exact, &self.told));
                self.exact.reset();
            }
            98 => self.reconfigure(),
            _ if self.exact.spec.large => self.burst(),
            _ => self.exact.now += 20_000,
        }
    }

    fn enter(&mut self) {
        let entered = self.machine.enter(&here(&self.exact, &self.told));
        let expected = self.exact.enter();
        let seen = entered.map_err(|refused| (refused.state(), refused.wait()));
        match (seen, expected) {
            (Ok(pass), Ok(passed)) => {
                assert_eq!(S::is_probe(&pass), passed.probe);
                self.calls.push((pass, passed, self.exact.now));
            }
            (Err(seen), Err(expected)) => assert_eq!(seen, expected),
            (seen, expected) => panic!("{seen:?} and not {expected:?}"),
        }
    }

    fn settle(&mut self) {
        let Some(at) = self.any_call() else { return };
        let (pass, passed, began) = self.calls.swap_remove(at);
        let outcome = self.chance.of(&OUTCOMES);
        let took = self.chance.one_in(2).then_some(self.exact.now - began);
        let advice = self.chance.one_in(3).then(|| self.chance.from(1, 5_000));
        let mut ended = Ended::new(outcome);
        if let Some(took) = took {
            ended = ended.after(Duration::from_millis(took));
        }
        if let Some(advice) = advice {
            ended = ended.advised(Duration::from_millis(advice));
        }
        self.machine.settle(pass, ended, &here(&self.exact, &self.told));
        self.exact.settle(passed, outcome, took, advice);
    }

    /// As many calls as a window has, one after the other and most of them good, so that they are counted many at a
    /// time.
    fn burst(&mut self) {
        let fails = self.chance.of(&[2, 5, 50, 1_000]);
        for _ in 0..self.chance.from(50, 700) {
            let entered = self.machine.enter(&here(&self.exact, &self.told));
            let expected = self.exact.enter();
            assert_eq!(entered.is_ok(), expected.is_ok());
            let (Ok(pass), Ok(passed)) = (entered, expected) else { return };
            let bad = self.chance.one_in(fails);
            let outcome = if bad { Outcome::Failure } else { Outcome::Success };
            self.machine.settle(pass, Ended::new(outcome), &here(&self.exact, &self.told));
            self.exact.settle(passed, outcome, None, None);
        }
    }

    fn hangs(&mut self) {
        let Some(at) = self.any_call() else { return };
        let (pass, passed, _) = &mut self.calls[at];
        *pass = self.machine.hangs(*pass, &here(&self.exact, &self.told));
        self.exact.hangs(passed);
    }

    fn force(&mut self) {
        let force = self.chance.of(&[
            Force::Open,
            Force::Closed,
            Force::Off,
            Force::MetricsOnly,
            Force::Release,
            Force::Release,
            Force::Release,
        ]);
        self.machine.force(force, &here(&self.exact, &self.told));
        self.exact.force(force);
    }

    fn reconfigure(&mut self) {
        let spec = S::spec(&mut self.chance);
        self.machine.reconfigure(spec.policy(), &here(&self.exact, &self.told));
        self.exact.reconfigure(spec);
    }

    fn any_call(&mut self) -> Option<usize> {
        let most = u64::try_from(self.calls.len()).unwrap().checked_sub(1)?;
        Some(usize::try_from(self.chance.from(0, most)).unwrap())
    }

    fn compare(&self, seed: u64, step: u64) {
        let exact = &self.exact;
        let shot = self.machine.snapshot(moment(exact.now));
        let about = || format!("seed {seed}, step {step}: {:?}", exact.spec);
        let told: Vec<(State, State, Why)> =
            self.told.borrow().iter().map(|step| (step.from(), step.to(), step.why())).collect();
        assert_eq!(told, exact.told, "{}", about());
        assert_eq!(
            (shot.state(), shot.generation() - S::BEFORE),
            (exact.state, exact.generation),
            "{}",
            about()
        );
        assert_eq!(shot.since(), moment(exact.since), "{}", about());
        assert_eq!((shot.reason(), shot.probes()), (exact.reason, exact.out), "{}", about());
        assert_eq!(u32::from(shot.level()), exact.level, "{}", about());
        assert_eq!(self.machine.refused(), exact.refused, "{}", about());
        assert_eq!(shot.in_a_row(), exact.in_a_row, "{}", about());
        let left = (exact.state == State::Open).then(|| exact.left());
        assert_eq!(shot.remaining(), left, "{}", about());
        let over = exact.spec.rules.iter().find_map(|rule| match rule {
            Rule::FailureRate { over, .. } | Rule::SlowRate { over, .. } => Some(*over),
            _ => None,
        });
        let counts = over.map(|over| exact.window(over)).unwrap_or_default();
        assert_eq!((shot.calls(), shot.failed(), shot.slow()), counts, "{}", about());
    }
}

fn here<'a>(exact: &Exact, told: &'a RefCell<Vec<Transition>>) -> Here<'a> {
    Here { now: exact.now, share: exact.share, told }
}

fn moment(millis: u64) -> Moment {
    Moment::from_nanos(millis * 1_000_000)
}
