use buttress_core::clock::Moment;

use crate::counts::Counts;
use crate::machine::{Counted, Counters, Verdict};
use crate::policy::Policy;
use crate::recent::Recent;
use crate::rule::MOST_TIMES;
use crate::window::Window;
use crate::{Over, Reason, Rule, Trip};

/// What the rules of a policy count by, beside the failures in a row, which are in the word.
#[derive(Debug)]
pub(crate) struct Tally {
    /// One for each rule, in their order.
    counters: Box<[Counter]>,
    /// Rates of the same calls share one.
    windows: Box<[Window]>,
}

#[derive(Debug)]
enum Counter {
    Streak,
    Recent(Recent),
    /// By its place.
    Window(usize),
}

/// What the counters say after a call.
#[derive(Default)]
struct Seen {
    /// A bit for each rule whose times were too many.
    hits: u8,
    windows: [Option<Counts>; Policy::MOST_RULES],
}

impl Tally {
    /// Of a policy that was checked.
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut overs: Vec<Over> = Vec::new();
        let counters = policy.rules.iter().map(|rule| counter(rule, &mut overs)).collect();
        let windows = overs.iter().map(|over| {
            // Of a window that counts failures alone, successes are no part.
            let of_all = policy.rules.iter().any(|rule| rule.over() == Some(*over));
            Window::new(*over, of_all, policy.exact_counts)
        });
        Self { counters, windows: windows.collect() }
    }

    /// What the window of the first rate holds; nothing, if there is none.
    pub(crate) fn counts(&self, policy: &Policy, generation: u32, now: Moment) -> Counts {
        let mut rules = policy.rules.iter().zip(&self.counters).filter(|(rule, _)| rule.is_rate());
        match rules.next() {
            Some((_, Counter::Window(at))) => self.windows[*at].counts(generation, now),
            _ => Counts::default(),
        }
    }

    /// One more success, that is not slow. It says whether a rule holds only where it was brought to a window that all
    /// share.
    #[inline]
    pub(crate) fn one_more(
        &self,
        policy: &Policy,
        generation: u32,
        halved: bool,
        now: impl Fn() -> Moment,
    ) -> Option<Trip> {
        let mut seen = None;
        for (at, window) in self.windows.iter().enumerate() {
            if let Some(sums) = window.add_success(generation, &now) {
                seen.get_or_insert_with(Seen::default).windows[at] = Some(sums);
            }
        }
        let seen = seen.as_ref()?;
        let verdict = Verdict::Good { slow: false };
        let call = Counted { policy, verdict, streak: 0, known: false, generation, halved, now };
        self.trip(seen, &call)
    }

    /// The first rule that holds, which is the reason.
    fn trip<T>(&self, seen: &Seen, call: &Counted<'_, T>) -> Option<Trip> {
        let rules = call.policy.rules.iter().zip(&self.counters).enumerate();
        rules.into_iter().find_map(|(at, (rule, counter))| seen.trip(at, rule, counter, call))
    }

    fn hits<T: Fn() -> Moment>(&self, call: &Counted<'_, T>) -> u8 {
        let mut hits = 0;
        for (at, (rule, counter)) in call.policy.rules.iter().zip(&self.counters).enumerate() {
            let Counter::Recent(recent) = counter else { continue };
            let within = match (rule, call.verdict) {
                (Rule::Failures { within, .. }, Verdict::Bad { .. })
                | (Rule::Throttled { within, .. }, Verdict::Throttled) => *within,
                _ => continue,
            };
            hits |= u8::from(recent.hit(within, call.generation, (call.now)())) << at;
        }
        hits
    }
}

impl Counters for Tally {
    fn count(&self, call: &Counted<'_, impl Fn() -> Moment>) -> Option<Trip> {
        let mut seen = Seen { hits: self.hits(call), ..Seen::default() };
        if let Some(counts) = call.counts() {
            for (window, sums) in self.windows.iter().zip(&mut seen.windows) {
                *sums = window.add(counts, call.generation, &call.now);
            }
        }
        self.trip(&seen, call)
    }
}

impl Seen {
    fn trip<T>(
        &self,
        at: usize,
        rule: &Rule,
        counter: &Counter,
        call: &Counted<'_, T>,
    ) -> Option<Trip> {
        let counts = match counter {
            Counter::Window(window) => self.windows[*window],
            _ => None,
        };
        let hit = self.hits >> at & 1 == 1;
        trip(rule, hit, counts, u32::MAX, call)
    }
}

/// Whether the rule holds, after what was counted, of which there are never more than `room` calls.
pub(crate) fn trip<T>(
    rule: &Rule,
    hit: bool,
    counts: Option<Counts>,
    room: u32,
    call: &Counted<'_, T>,
) -> Option<Trip> {
    let failed = matches!(call.verdict, Verdict::Bad { .. });
    match *rule {
        Rule::InARow(n) => {
            let streak = u32::from(call.streak);
            (failed && streak >= n).then(|| Trip::new(Reason::InARow, streak, n))
        }
        Rule::Failures { n, .. } => {
            let seen = if hit { u64::from(n) } else { counts?.failed };
            (seen >= u64::from(n)).then(|| Trip::new(Reason::Failures, as_u32(seen), n))
        }
        Rule::Throttled { n, .. } => hit.then(|| Trip::new(Reason::Throttled, n, n)),
        Rule::FailureRate { percent, at_least, .. } => {
            let counts = enough(counts?, at_least.min(room), call.halved)?;
            rate(Reason::FailureRate, counts, counts.failed, percent)
        }
        Rule::SlowRate { percent, at_least, .. } => {
            let counts = enough(counts?, at_least.min(room), call.halved)?;
            rate(Reason::SlowRate, counts, counts.slow, percent)
        }
    }
}

fn enough(counts: Counts, at_least: u32, halved: bool) -> Option<Counts> {
    let at_least = if halved { at_least.div_ceil(2) } else { at_least };
    (counts.calls >= u64::from(at_least)).then_some(counts)
}

fn rate(reason: Reason, counts: Counts, part: u64, percent: u32) -> Option<Trip> {
    counts.reach(part, percent).then(|| Trip::new(reason, counts.percent(part), percent))
}

fn as_u32(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn counter(rule: &Rule, overs: &mut Vec<Over>) -> Counter {
    let over = match *rule {
        Rule::InARow(_) => return Counter::Streak,
        Rule::Throttled { n, .. } => return Counter::Recent(Recent::new(n)),
        Rule::Failures { n, .. } if n <= MOST_TIMES => return Counter::Recent(Recent::new(n)),
        Rule::Failures { within, .. } => Over::Time(within),
        Rule::FailureRate { over, .. } | Rule::SlowRate { over, .. } => over,
    };
    let at = overs.iter().position(|known| *known == over);
    Counter::Window(at.unwrap_or_else(|| {
        overs.push(over);
        overs.len() - 1
    }))
}
