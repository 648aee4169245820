//! How many repeats there may be.

mod cost;
mod left;
mod mark;
mod ratio;
mod taken;
mod terms;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::{BuildError, clock::Moment};

pub use self::cost::Cost;
use self::cost::Prices;
pub use self::taken::{Deposit, Taken};
use self::terms::{Kind, MILLION, Purse, Terms, thousandths};
use self::tokens::Rules;

/// How many repeats there may be, so that they never become the load that keeps a dependency down.
///
/// A share of the calls of the last ten seconds, and a few a second beside it, for clients with few calls. Every call
/// counts once, when it begins: its success earns nothing more, and its repeats earn nothing at all.
///
/// ```
/// use buttress_core::clock::{Clock, ManualClock};
/// use buttress_retry::{Budget, Cost};
///
/// let (budget, clock) = (Budget::percent(20).floor(0), ManualClock::new());
/// for _ in 0..10 {
///     budget.deposit(|| clock.now());
/// }
/// let repeats: Vec<_> = (0..4).filter_map(|_| budget.take(Cost::Failure, None, clock.now())).collect();
/// assert_eq!(repeats.len(), 2, "a fifth of ten");
///
/// // What is not sent after all is there for another.
/// drop(repeats);
/// assert_eq!(budget.left(clock.now()), 2.0);
/// ```
///
/// Calls that are ready at once hardly ever look at the clock. So after a pause, up to 63 calls of a thread may count
/// from the next look on and not from when they were made; none is forgotten, and none counts twice.
///
/// Clones are the same budget: give one to several clients of the same dependency, or to its retries and its hedges.
/// All who share it have to have one clock. A change of its settings, as by [`floor`](Self::floor), makes a new one.
///
/// # Guarantees
///
/// - The ratio is exact: whole millionths, and no rounding of its reciprocal.
/// - Two threads never take the same last repeat.
/// - What was taken and not spent is given back, as long as its tenth of the window lasts.
///
/// # Cost
///
/// A call that succeeds writes to a place of its own thread, and of 64 calls one looks at the clock. Only who wants to
/// repeat takes a lock.
#[derive(Clone)]
pub struct Budget {
    terms: Terms,
    purse: Arc<Purse>,
}

impl Budget {
    /// So many repeats for a hundred calls, and three a second beside.
    #[must_use]
    pub fn percent(percent: u32) -> Self {
        Self::per_call(u64::from(percent).saturating_mul(MILLION / 100))
    }

    /// So many repeats for each call, to the millionth, and three a second beside.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no ratio is refused when it is checked"
    )]
    pub fn ratio(ratio: f64) -> Self {
        // What is below nothing or no number at all becomes more than there can be.
        let ratio = if ratio >= 0.0 { ratio } else { f64::INFINITY };
        Self::per_call((ratio * 1_000_000.0).round() as u64)
    }

    /// As the configuration of gRPC has it: there are `most` tokens in the beginning, a failure takes one, a success
    /// brings `per_success`, to the thousandth and no more than `most`, and nothing is repeated while half of them or
    /// fewer are left.
    #[must_use]
    pub fn tokens(most: u32, per_success: f64) -> Self {
        let rules = Rules::HalfFull { per_success: thousandths(per_success) };
        Self::new(Terms::of_tokens(most, rules, Prices::all(0)))
    }

    /// As the clients of AWS have it: of so many tokens each repeat takes five, and ten if there was no answer. Its
    /// success brings them back, and that of a first attempt brings one. Prices can be [set](Self::cost).
    #[must_use]
    pub fn quota(tokens: u32) -> Self {
        let mut prices = Prices::all(5 * Prices::ONE);
        prices.set(Cost::Unanswered, 10 * Prices::ONE);
        let rules = Rules::Quota { per_success: Prices::ONE.into() };
        Self::new(Terms::of_tokens(tokens, rules, prices))
    }

    /// No limit at all: when everything fails, there are as many attempts as tries, for each call.
    #[must_use]
    pub fn dangerous_unlimited() -> Self {
        Self::new(Terms::unlimited())
    }

    /// The same with one repeat ahead, where nothing was spent in a window: the calls have to earn it before there is
    /// another one, so over all calls it is their share and one.
    pub(crate) fn one_ahead(self) -> Self {
        let mut terms = self.terms;
        if let Kind::Ratio { advance, .. } = &mut terms.kind {
            *advance = MILLION;
        }
        Self::new(terms)
    }

    fn per_call(per_call: u64) -> Self {
        Self::new(Terms::of_a_ratio(per_call))
    }

    fn new(terms: Terms) -> Self {
        Self { terms, purse: Arc::new(terms.purse()) }
    }

    /// Sets how many repeats a second there are without any call. The default is three. Only a budget by a ratio has
    /// it, as it has a [`window`](Self::window); to say one of another is an error of its settings.
    #[must_use]
    pub fn floor(self, per_second: u32) -> Self {
        let mut terms = self.terms;
        match &mut terms.kind {
            Kind::Ratio { floor, .. } => *floor = per_second,
            Kind::Tokens { .. } | Kind::Unlimited => terms.misplaced.floor = true,
        }
        Self::new(terms)
    }

    /// Sets of how long a time the calls count, in a budget by a ratio. The default is ten seconds.
    #[must_use]
    pub fn window(self, time: Duration) -> Self {
        let mut terms = self.terms;
        match &mut terms.kind {
            Kind::Ratio { window, .. } => *window = time,
            Kind::Tokens { .. } | Kind::Unlimited => terms.misplaced.window = true,
        }
        Self::new(terms)
    }

    /// Sets what something costs, to the thousandth. By a ratio it is one, and two where the answer said that it was
    /// too much. Only such a budget and a [`quota`](Self::quota) have prices; to say one of another is an error of its
    /// settings.
    #[must_use]
    pub fn cost(self, of: Cost, repeats: f64) -> Self {
        let mut terms = self.terms;
        let price = u32::try_from(thousandths(repeats)).unwrap_or(u32::MAX);
        terms.prices.set(of, price);
        terms.misplaced.cost |= !terms.has_prices();
        Self::new(terms)
    }

    /// What something costs, in repeats or in tokens.
    #[must_use]
    pub fn price(&self, of: Cost) -> f64 {
        f64::from(self.terms.prices.of(of)) / 1_000.0
    }

    /// Counts a call that begins. The clock is asked now and then.
    #[inline]
    pub fn deposit(&self, now: impl FnOnce() -> Moment) -> Deposit {
        match &*self.purse {
            Purse::Ratio(ratio) => Deposit(ratio.deposit(now)),
            Purse::Tokens(_) | Purse::Unlimited => Deposit(0),
        }
    }

    /// Lets time pass: whoever knows what time it is anyway says so.
    #[inline]
    pub fn look(&self, now: Moment) {
        if let Purse::Ratio(ratio) = &*self.purse {
            ratio.look(now);
        }
    }

    /// Takes what a repeat costs, if there is as much.
    ///
    /// `counted` says that the call was counted just before, so that it is known when: else it may count a little later
    /// than it was made, if nobody looks at a clock for long. Who has waited since says nothing, as it has
    /// [looked](Self::look).
    #[must_use = "dropped, it is given back"]
    pub fn take(&self, cost: Cost, counted: Option<Deposit>, now: Moment) -> Option<Taken> {
        let price = u64::from(self.terms.prices.of(cost));
        let taken = match &*self.purse {
            Purse::Ratio(ratio) => {
                let millionths = price * (MILLION / 1_000);
                taken::Kind::Spent(ratio.take(millionths, counted.map(|deposit| deposit.0), now)?)
            }
            Purse::Tokens(tokens) => taken::Kind::Tokens(tokens.take(price)?),
            Purse::Unlimited => taken::Kind::Nothing,
        };
        Some(Taken::new(self.purse.clone(), taken))
    }

    /// Hears that an attempt failed so that it might be repeated. Only budgets of tokens listen.
    #[inline]
    pub fn failed(&self) {
        if let Purse::Tokens(tokens) = &*self.purse {
            tokens.failed();
        }
    }

    /// Hears that a call succeeded, after a repeat that cost this, or at once. Only budgets of tokens listen.
    #[inline]
    pub fn succeeded(&self, after: Option<Cost>) {
        if let Purse::Tokens(tokens) = &*self.purse {
            tokens.succeeded(after.map(|cost| self.terms.prices.of(cost).into()));
        }
    }

    /// Whether nothing is ever refused.
    pub(crate) fn is_unlimited(&self) -> bool {
        matches!(self.terms.kind, Kind::Unlimited)
    }

    /// Checks that it makes sense.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        self.terms.check()
    }
}

impl Default for Budget {
    /// Twenty per cent, and three a second beside.
    fn default() -> Self {
        Self::percent(20)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("terms", &self.terms).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
