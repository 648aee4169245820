mod build;
mod place;

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use buttress_core::audit::Audit;
use buttress_core::clock::{Clock, SystemClock, Timer};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::HttpClassify;
use buttress_core::{Dice, HealthStatus};

use crate::bounds::Bounds;
use crate::machine::Policy;
use crate::{Abandoned, CircuitBreaker, Mode, NoTimer, Rule};

impl CircuitBreaker<()> {
    /// Opens after so many failures: in a row, or, with [`failures_in`](CircuitBreakerBuilder::failures_in), in a time.
    pub fn after(failures: u32) -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::new(First::After(failures, None), Vec::new())
    }

    /// Opens when this rule holds.
    pub fn when(rule: Rule) -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::new(First::None, vec![rule])
    }

    /// Opens when somebody says so, and never by itself: with [`trip`](crate::Breaker::trip) and
    /// [`force`](crate::Breaker::force), or with a fleet.
    pub fn by_switch_alone() -> CircuitBreakerBuilder {
        CircuitBreakerBuilder::new(First::None, Vec::new())
    }
}

/// Collects the settings of a [`CircuitBreakerLayer`](crate::CircuitBreakerLayer), of a [`Breaker`](crate::Breaker), or
/// of a [table](Self::build_table) of them.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Over, Rule};
/// use buttress_core::clock::secs;
///
/// let layer = CircuitBreaker::after(5)
///     .failures_in(secs(60))
///     .or(Rule::failure_rate(50, Over::Time(secs(10)), 20))
///     .open_for(secs(1)..=secs(32))
///     .named("payments")
///     .build()?;
/// assert_eq!(layer.breaker().name(), "payments");
///
/// // Everything that is wrong is told at once.
/// let builder = CircuitBreaker::after(0).open_for(secs(3)..=secs(1)).probes(0).named("");
/// let error = builder.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["name", "rules[0]", "open_for", "probes"]);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct CircuitBreakerBuilder<C = HttpClassify, T = NoTimer> {
    said: Said,
    classify: C,
    timer: T,
}

/// What does not depend on who judges, and by which timer.
struct Said {
    first: First,
    rules: Vec<Rule>,
    policy: Policy,
    health: HealthStatus,
    watches: bool,
    bounds: Bounds,
    outside: Outsides,
}

/// The rule that the builder begins with.
#[derive(Clone, Copy, Debug)]
enum First {
    None,
    After(u32, Option<Duration>),
    /// A window for failures, where nothing counts any.
    Misplaced,
}

/// What stands around a breaker.
struct Outsides {
    name: Cow<'static, str>,
    clock: Box<dyn Clock>,
    dice: Dice,
    metrics: Metrics,
    audit: Audit,
}

impl CircuitBreakerBuilder {
    fn new(first: First, rules: Vec<Rule>) -> Self {
        let said = Said {
            first,
            rules,
            policy: Policy::default(),
            health: HealthStatus::Degraded,
            watches: false,
            bounds: Bounds::default(),
            outside: Outsides {
                name: Cow::Borrowed("breaker"),
                clock: Box::new(SystemClock),
                dice: Dice::new(),
                metrics: Metrics::none(),
                audit: Audit::default(),
            },
        };
        Self { said, classify: HttpClassify::new(), timer: NoTimer }
    }
}

/// When it opens.
impl<C, T> CircuitBreakerBuilder<C, T> {
    /// Counts the failures of [`after`](CircuitBreaker::after) in a time, whatever succeeds meanwhile. Without it they
    /// have to come in a row.
    pub fn failures_in(mut self, window: Duration) -> Self {
        self.said.first = match self.said.first {
            First::After(failures, _) => First::After(failures, Some(window)),
            First::None | First::Misplaced => First::Misplaced,
        };
        self
    }

    /// Opens when this rule holds, too. There may be eight; of several that hold at once the first is the reason.
    pub fn or(mut self, rule: Rule) -> Self {
        self.said.rules.push(rule);
        self
    }

    /// Calls slow what waits longer: for rules of slow calls, and for calls whose caller went away. The default is ten
    /// seconds.
    pub fn slow(self, than: Duration) -> Self {
        self.policy(|policy| policy.slow(than))
    }

    /// Says what a call counts as whose caller went away before it ended. The default is a failure if it had been slow.
    pub fn abandoned(self, counts_as: Abandoned) -> Self {
        self.policy(|policy| policy.abandoned(counts_as))
    }

    /// Counts windows of calls one by one, up to 4,096 calls. The default is in steps of a fortieth where there are 80
    /// or more, for which threads do not wait for each other.
    pub fn exact_counts(self, exact: bool) -> Self {
        self.policy(|policy| policy.exact_counts(exact))
    }

    /// Counts a call as slow as soon as it is, and not first when it ends: so calls that hang for ever open the
    /// breaker, too. It needs a rule of [slow calls](Rule::SlowRate), and a timer for each call that has to wait. The
    /// default is not to. It is for the services of a layer: a [`Breaker::call`](crate::Breaker::call) is looked at
    /// when it ends.
    pub fn count_hanging<U: Timer + Clone>(self, timer: U) -> CircuitBreakerBuilder<C, U> {
        let said = Said { watches: true, ..self.said };
        CircuitBreakerBuilder { said, classify: self.classify, timer }
    }

    /// Judges calls with this. The default is [`HttpClassify`].
    pub fn classify<D>(self, classify: D) -> CircuitBreakerBuilder<D, T> {
        CircuitBreakerBuilder { said: self.said, classify, timer: self.timer }
    }
}

/// How long it stays open, and how it closes.
impl<C, T> CircuitBreakerBuilder<C, T> {
    /// Opens for the first time, and for twice as long each time that did not help, up to the last. The default is from
    /// one second to 32.
    pub fn open_for(self, time: RangeInclusive<Duration>) -> Self {
        self.policy(|policy| policy.open_for(*time.start(), *time.end()))
    }

    /// Shortens or prolongs that by chance, by so many percent at most, and never beyond the first and the last. The
    /// default is ten.
    pub fn jitter(self, percent: u32) -> Self {
        self.policy(|policy| policy.jitter(percent))
    }

    /// Begins with the first open time again after it was closed for so long. The default is the longest open time.
    pub fn stable_after(self, time: Duration) -> Self {
        self.policy(|policy| policy.stable_after(time))
    }

    /// Stays open for as long as the failure asks for that opened it, in `Retry-After` or in the pushback of gRPC, if
    /// that is longer; up to this. The default is not to look at that.
    pub fn follow_retry_after(self, at_most: Duration) -> Self {
        self.policy(|policy| policy.follow_retry_after(at_most))
    }

    /// Lets so many calls at a time try whether it works again. The default is one.
    pub fn probes(self, at_a_time: u8) -> Self {
        self.policy(|policy| policy.probes(at_a_time))
    }

    /// Closes after so many of these succeeded, and none failed. The default is one.
    pub fn close_after(self, successes: u8) -> Self {
        self.policy(|policy| policy.close_after(successes))
    }

    /// Gives the place of one that hangs to another call after this time, whatever others do meanwhile. The default is
    /// thirty seconds; make it no shorter than calls may take.
    pub fn lease(self, time: Duration) -> Self {
        self.policy(|policy| policy.lease(time))
    }

    /// Takes this time until all calls pass again: first a tenth of them, then more. The default is to let all pass at
    /// once.
    pub fn ramp_up(self, time: Duration) -> Self {
        self.policy(|policy| policy.ramp_up(time))
    }

    /// Begins like this, and is so again when it is [released](crate::Force::Release). The default is by its rules.
    pub fn mode(self, mode: Mode) -> Self {
        self.policy(|policy| policy.mode(mode))
    }

    fn policy(mut self, change: impl FnOnce(Policy) -> Policy) -> Self {
        self.said.policy = change(self.said.policy);
        self
    }

    pub(crate) const fn bounded(mut self, bounds: Bounds) -> Self {
        self.said.bounds = bounds;
        self
    }
}

impl<C, T> fmt::Debug for CircuitBreakerBuilder<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerBuilder")
            .field("name", &self.said.outside.name)
            .field("policy", &self.whole_policy())
            .finish_non_exhaustive()
    }
}
