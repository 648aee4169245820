use buttress_core::clock::Moment;

use super::terms::{MILLION, Purse};
use super::{Budget, Cost};

/// What is left of it.
impl Budget {
    /// How many repeats, or how many tokens, are left.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is told, and nothing is decided by it")]
    pub fn left(&self, now: Moment) -> f64 {
        match &*self.purse {
            Purse::Ratio(ratio) => (ratio.left(now).max(0) as f64) / 1_000_000.0,
            Purse::Tokens(tokens) => tokens.left() as f64 / 1_000.0,
            Purse::Unlimited => f64::INFINITY,
        }
    }

    /// Whether what there was is used up: something was taken, and one more that [failed](Cost::Failure) would not be
    /// repeated now.
    ///
    /// ```
    /// use buttress_core::clock::Moment;
    /// use buttress_retry::{Budget, Cost};
    ///
    /// let (budget, now) = (Budget::percent(10).floor(0), Moment::FIRST);
    /// assert!(!budget.is_used_up(now), "nobody has called");
    /// for _ in 0..10 {
    ///     budget.deposit(|| now);
    /// }
    /// budget.take(Cost::Failure, None, now).unwrap().spend();
    /// assert!(budget.is_used_up(now));
    /// ```
    #[must_use]
    pub fn is_used_up(&self, now: Moment) -> bool {
        let price = u64::from(self.terms.prices.of(Cost::Failure));
        match &*self.purse {
            Purse::Ratio(ratio) => ratio.is_used_up(price * (MILLION / 1_000), now),
            Purse::Tokens(tokens) => !tokens.has(price),
            Purse::Unlimited => false,
        }
    }
}
