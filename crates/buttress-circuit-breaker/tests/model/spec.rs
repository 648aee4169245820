use std::time::Duration;

use buttress_circuit_breaker::machine::Policy;
use buttress_circuit_breaker::{Abandoned, Mode, Over, Rule};

use super::chance::Chance;

/// A policy that can be looked into: times are milliseconds.
#[derive(Clone, Debug)]
pub struct Spec {
    pub rules: Vec<Rule>,
    pub first: u64,
    pub last: u64,
    pub jitter: u32,
    pub stable_after: Option<u64>,
    pub follow: Option<u64>,
    pub probes: u8,
    pub close_after: u8,
    pub lease: u64,
    pub ramp_up: Option<u64>,
    pub slow: u64,
    pub abandoned: Abandoned,
    pub exact: bool,
    /// Into so many its windows of time are cut.
    pub buckets: u64,
    /// How its windows of calls are cut.
    pub cut: Cut,
    /// Whether calls come in hundreds, to windows of as many.
    pub large: bool,
    pub mode: Mode,
}

/// How a window of calls is cut into buckets.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// Into forty, or a few more; the oldest goes where there are more calls than the window has.
    Machine,
    /// Into ten; so many of them are the window.
    Table,
}

impl Spec {
    pub fn by_chance(chance: &mut Chance) -> Self {
        let first = chance.from(50, 1_000);
        let large = chance.one_in(50);
        let rules = (0..chance.from(0, 3)).map(|_| rule(chance, large)).collect();
        let maybe =
            |chance: &mut Chance, first, last| chance.one_in(2).then(|| chance.from(first, last));
        Self {
            rules,
            first,
            last: first * chance.from(1, 9),
            jitter: chance.of(&[0, 0, 10, 100]),
            stable_after: maybe(chance, 100, 3_000),
            follow: maybe(chance, 1, 4_000),
            probes: chance.of(&[1, 1, 2, 3]),
            close_after: chance.of(&[1, 1, 2, 3]),
            lease: chance.from(100, 2_000),
            ramp_up: maybe(chance, 100, 2_000),
            slow: chance.from(50, 500),
            abandoned: chance.of(&[
                Abandoned::FailureIfSlow,
                Abandoned::Ignore,
                Abandoned::Failure,
            ]),
            exact: chance.one_in(4),
            buckets: 20,
            cut: Cut::Machine,
            large,
            mode: chance.of(&[Mode::Active, Mode::Active, Mode::Active, Mode::MetricsOnly]),
        }
    }

    /// One that a table has room for.
    pub fn for_keys(chance: &mut Chance) -> Self {
        let spec = Self { exact: false, buckets: 10, cut: Cut::Table, ..Self::by_chance(chance) };
        let over = if chance.one_in(2) {
            Over::Time(Duration::from_millis(chance.from(50, 2_000)))
        } else {
            Over::Calls(u32::try_from(chance.from(4, if spec.large { 500 } else { 10 })).unwrap())
        };
        let (mut failures, mut throttled) = (0, 0);
        let rules = spec.rules.iter().filter_map(|rule| match *rule {
            Rule::FailureRate { percent, at_least, .. } => {
                Some(Rule::failure_rate(percent, over, at_least))
            }
            Rule::SlowRate { percent, at_least, .. } => {
                Some(Rule::slow_rate(percent, over, at_least))
            }
            Rule::Failures { .. } => {
                failures += 1;
                (failures == 1).then_some(*rule)
            }
            Rule::Throttled { .. } => {
                throttled += 1;
                (throttled == 1).then_some(*rule)
            }
            _ => Some(*rule),
        });
        Self { rules: rules.collect(), ..spec.clone() }
    }

    pub fn policy(&self) -> Policy {
        let ms = Duration::from_millis;
        let mut policy = Policy::default()
            .rules(self.rules.iter().copied())
            .open_for(ms(self.first), ms(self.last))
            .jitter(self.jitter)
            .probes(self.probes)
            .close_after(self.close_after)
            .lease(ms(self.lease))
            .slow(ms(self.slow))
            .abandoned(self.abandoned)
            .exact_counts(self.exact)
            .mode(self.mode);
        if let Some(time) = self.stable_after {
            policy = policy.stable_after(ms(time));
        }
        if let Some(time) = self.follow {
            policy = policy.follow_retry_after(ms(time));
        }
        if let Some(time) = self.ramp_up {
            policy = policy.ramp_up(ms(time));
        }
        policy
    }
}

fn rule(chance: &mut Chance, large: bool) -> Rule {
    let n = u32::try_from(chance.from(1, 4)).unwrap();
    let within = Duration::from_millis(chance.from(50, 2_000));
    let percent = chance.of(&[1, 30, 50, 51, 100]);
    let over = if chance.one_in(2) {
        Over::Time(within)
    } else {
        Over::Calls(u32::try_from(chance.from(4, if large { 500 } else { 12 })).unwrap())
    };
    match chance.from(0, 4) {
        0 => Rule::InARow(n),
        1 => Rule::failures(n, within),
        2 => Rule::failure_rate(percent, over, n),
        3 => Rule::slow_rate(percent, over, n),
        _ => Rule::throttled(n, within),
    }
}
