use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use buttress_core::{Code, Problem};

use crate::machine::Refused;
use crate::{Reason, State};

/// Why a breaker refused a call: the source of a problem with the code [`CIRCUIT_OPEN`](Code::CIRCUIT_OPEN). It is for
/// the caller and the log, and is not sent to clients.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Reason, Refusal, State, Trip};
///
/// let breaker = CircuitBreaker::after(5).named("payments").build()?.breaker().clone();
/// breaker.trip(Trip::switch());
///
/// let problem = breaker.try_enter().unwrap_err();
/// let refusal = Refusal::of(&problem).unwrap();
/// assert_eq!((refusal.breaker(), refusal.state()), ("payments", State::Open));
/// assert_eq!(refusal.reason(), Some(Reason::Switch));
/// assert_eq!(refusal.wait(), problem.retry_after());
/// assert_eq!(refusal.to_string(), "the breaker `payments` is open (switch)");
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    breaker: Cow<'static, str>,
    state: State,
    reason: Option<Reason>,
    wait: Option<Duration>,
}

impl Refusal {
    /// The refusal behind this problem, if a breaker refused.
    #[must_use]
    pub fn of(problem: &Problem) -> Option<&Self> {
        problem.source()?.downcast_ref()
    }

    /// The name of the breaker.
    #[must_use]
    pub fn breaker(&self) -> &str {
        &self.breaker
    }

    /// In which state it was.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Why it had opened, if it did so itself.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// After which time it is worth asking again, rounded up to a tenth of a second; nothing while somebody holds it
    /// open.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the breaker `{}` is {}", self.breaker, self.state)?;
        self.reason.map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

impl Error for Refusal {}

/// The problems of refusals, kept: all that are told within a tenth of a second are the same one, and a clone of it is
/// no allocation.
pub(crate) struct Refusals {
    breaker: Cow<'static, str>,
    kept: Box<[ArcSwapOption<Kept>]>,
}

struct Kept {
    state: State,
    reason: Option<Reason>,
    tick: Option<u32>,
    problem: Problem,
}

/// So exactly is told for how long to wait.
const TICK: Duration = Duration::from_millis(100);

impl Refusals {
    /// Keeps so many, at least one.
    pub(crate) fn new(breaker: Cow<'static, str>, kept: usize) -> Self {
        Self { breaker, kept: (0..kept.max(1)).map(|_| ArcSwapOption::empty()).collect() }
    }

    pub(crate) fn problem(&self, refused: &Refused) -> Problem {
        let (state, reason) = (refused.state(), refused.reason());
        let tick = refused.wait().map(ticks);
        let place = &self.kept[tick.unwrap_or_default() as usize % self.kept.len()];
        if let Some(kept) = &*place.load()
            && (kept.state, kept.reason, kept.tick) == (state, reason, tick)
        {
            return kept.problem.clone();
        }
        let problem = self.tell(state, reason, tick);
        place.store(Some(Arc::new(Kept { state, reason, tick, problem: problem.clone() })));
        problem
    }

    #[cold]
    fn tell(&self, state: State, reason: Option<Reason>, tick: Option<u32>) -> Problem {
        let wait = tick.map(|tick| TICK * tick);
        let refusal = Refusal { breaker: self.breaker.clone(), state, reason, wait };
        let problem = Problem::new(Code::CIRCUIT_OPEN).with_source(refusal);
        match wait {
            Some(wait) => problem.with_retry_after(wait),
            None => problem,
        }
    }
}

/// Rounded up, and never nothing: who is told to come at once would be refused again.
fn ticks(wait: Duration) -> u32 {
    let rest = u64::from(wait.subsec_nanos().div_ceil(TICK.subsec_nanos()));
    let ticks = wait.as_secs().saturating_mul(10).saturating_add(rest).max(1);
    u32::try_from(ticks).unwrap_or(u32::MAX)
}
