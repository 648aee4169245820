use std::time::Duration;

use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use crate::growth::Growth;
use crate::{Mode, Rule};

/// By what a [`Machine`](crate::machine::Machine) goes.
///
/// ```
/// use buttress_circuit_breaker::Rule;
/// use buttress_circuit_breaker::machine::Policy;
/// use std::time::Duration;
///
/// let policy = Policy::default().probes(0).open_for(Duration::ZERO, Duration::from_secs(32));
/// let error = policy.rules([Rule::InARow(0)]).check().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["rules[0]", "open_for", "probes"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it does nothing until a machine goes by it"]
pub struct Policy {
    pub(crate) rules: Vec<Rule>,
    pub(crate) growth: Growth,
    pub(crate) stable_after: Option<Duration>,
    pub(crate) follow_at_most: Option<Duration>,
    pub(crate) probes: u8,
    pub(crate) close_after: u8,
    pub(crate) lease: Duration,
    pub(crate) ramp_up: Option<Duration>,
    pub(crate) slow: Duration,
    pub(crate) abandoned: Abandoned,
    pub(crate) exact_counts: bool,
    pub(crate) mode: Mode,
}

/// What a call counts as whose caller went away before it ended.
///
/// ```
/// use buttress_circuit_breaker::Abandoned;
///
/// assert_eq!(Abandoned::default(), Abandoned::FailureIfSlow);
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Abandoned {
    /// A failure, if it had been slow already: somebody went away because nothing came. Else nothing: that a caller
    /// goes away is no news of whom it called.
    #[default]
    FailureIfSlow,
    /// Never counts.
    Ignore,
    /// Always a failure.
    Failure,
}

impl Policy {
    /// So many rules at most.
    pub const MOST_RULES: usize = 8;

    /// Trips by these, in this order; by none, if there are none.
    pub fn rules(self, rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), ..self }
    }

    /// Opens for `first`, and for twice as long each time it did not help, up to `last`.
    pub fn open_for(self, first: Duration, last: Duration) -> Self {
        Self { growth: Growth { first, last, ..self.growth }, ..self }
    }

    /// Shortens or prolongs that by chance, by so many percent at most; the first time is only prolonged, and the last
    /// one shortened.
    pub fn jitter(self, percent: u32) -> Self {
        Self { growth: Growth { jitter: percent, ..self.growth }, ..self }
    }

    /// Begins with `first` again after it was closed for so long. Unless it is said, for the longest open time.
    pub fn stable_after(self, time: Duration) -> Self {
        Self { stable_after: Some(time), ..self }
    }

    /// Stays open for as long as the failure that opened it asks for, if that is longer, up to this.
    pub fn follow_retry_after(self, at_most: Duration) -> Self {
        Self { follow_at_most: Some(at_most), ..self }
    }

    /// Lets so many calls at a time try whether it works again.
    pub fn probes(self, at_a_time: u8) -> Self {
        Self { probes: at_a_time, ..self }
    }

    /// Closes after so many of these succeeded.
    pub fn close_after(self, successes: u8) -> Self {
        Self { close_after: successes, ..self }
    }

    /// Gives the place of a probe to another one after this time. Of several at a time, each has its own.
    pub fn lease(self, time: Duration) -> Self {
        Self { lease: time, ..self }
    }

    /// Takes this time until all calls pass again.
    pub fn ramp_up(self, time: Duration) -> Self {
        Self { ramp_up: Some(time), ..self }
    }

    /// Calls slow what waits longer.
    pub fn slow(self, than: Duration) -> Self {
        Self { slow: than, ..self }
    }

    /// Counts a call as this whose caller went away.
    pub fn abandoned(self, counts_as: Abandoned) -> Self {
        Self { abandoned: counts_as, ..self }
    }

    /// Counts windows of calls one by one, up to 4,096 calls. Threads wait for each other then.
    pub fn exact_counts(self, exact: bool) -> Self {
        Self { exact_counts: exact, ..self }
    }

    /// Begins like this, and is so again when it is [released](crate::Force::Release).
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Looks whether it can be gone by.
    ///
    /// # Errors
    ///
    /// Fails with all that is wrong with it.
    pub fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        self.check_rules(&mut faults);
        self.growth.check(&mut faults);
        self.check_times(&mut faults);
        for (path, count) in [("probes", self.probes), ("close_after", self.close_after)] {
            if count == 0 {
                faults.add(path, "must be 1 or more");
            }
        }
        faults.finish(())
    }

    fn check_rules(&self, faults: &mut Faults) {
        let (most, count) = (Self::MOST_RULES, self.rules.len());
        if count > most {
            faults.add("rules", format_args!("are {count}, and can be {most}"));
        }
        for (at, rule) in self.rules.iter().enumerate() {
            rule.check(&format!("rules[{at}]"), faults);
            self.check_exact(rule, &format!("rules[{at}].over"), faults);
        }
    }

    fn check_exact(&self, rule: &Rule, path: &str, faults: &mut Faults) {
        if self.exact_counts && rule.calls().is_some_and(|calls| calls > MOST_EXACT) {
            faults.add(path, format_args!("must be {MOST_EXACT} calls at most, to be exact"));
        }
    }

    fn check_times(&self, faults: &mut Faults) {
        let times = [
            ("stable_after", self.stable_after.unwrap_or(LONGEST)),
            ("follow_retry_after", self.follow_at_most.unwrap_or(LONGEST)),
            ("lease", self.lease),
            ("ramp_up", self.ramp_up.unwrap_or(LONGEST)),
            ("slow", self.slow),
        ];
        for (path, time) in times {
            if time.is_zero() || time > LONGEST {
                faults.add(path, format_args!("must be more than 0 and up to a day, not {time:?}"));
            }
        }
    }

    /// After how long a closed time all that was before is forgotten.
    pub(crate) fn stability(&self) -> Duration {
        self.stable_after.unwrap_or(self.growth.last)
    }

    /// Whether it has to be known how long calls wait.
    pub(crate) fn is_timed(&self) -> bool {
        self.abandoned == Abandoned::FailureIfSlow || self.is_of_slow_calls()
    }

    /// Whether a success that is slow is not one.
    pub(crate) fn is_of_slow_calls(&self) -> bool {
        self.rules.iter().any(Rule::is_of_slow_calls)
    }

    /// Whether successes have to be counted.
    pub(crate) fn counts_successes(&self) -> bool {
        self.rules.iter().any(Rule::is_rate)
    }
}

/// No breaker is told to wait for longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// So many calls can be counted one by one.
const MOST_EXACT: u32 = 4_096;

/// Five failures in a row, from 1 s up to 32 s, give or take 10 %; one probe, which has 30 s.
impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: vec![Rule::InARow(5)],
            growth: Growth::default(),
            stable_after: None,
            follow_at_most: None,
            probes: 1,
            close_after: 1,
            lease: Duration::from_secs(30),
            ramp_up: None,
            slow: Duration::from_secs(10),
            abandoned: Abandoned::default(),
            exact_counts: false,
            mode: Mode::default(),
        }
    }
}
