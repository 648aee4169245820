use std::fmt;

/// Why something is sent once more: that is what it costs by.
///
/// ```
/// use buttress_retry::{Budget, Cost};
///
/// // A dependency that says "too much" is asked again half as often.
/// let budget = Budget::percent(20).cost(Cost::Throttled, 2.0);
/// assert_eq!(budget.price(Cost::Throttled), 2.0);
/// assert_eq!(budget.price(Cost::Failure), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Cost {
    /// The answer said that it failed.
    Failure,
    /// The answer said that it was too much.
    Throttled,
    /// There was no answer: the time was over, or the connection broke.
    Unanswered,
    /// It was refused on this side, and never left.
    Unsent,
    /// Nothing failed: it is a second attempt beside the first.
    Hedge,
}

impl Cost {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Failure, Self::Throttled, Self::Unanswered, Self::Unsent, Self::Hedge];

    /// How metrics call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Throttled => "throttled",
            Self::Unanswered => "unanswered",
            Self::Unsent => "unsent",
            Self::Hedge => "hedge",
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What each costs, in thousandths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Prices([u32; Cost::ALL.len()]);

impl Prices {
    pub(super) const ONE: u32 = 1_000;

    /// Throttled ones cost twice as much, as they come at the worst time.
    pub(super) const fn of_a_ratio() -> Self {
        Self([Self::ONE, 2 * Self::ONE, Self::ONE, Self::ONE, Self::ONE])
    }

    pub(super) const fn all(of: u32) -> Self {
        Self([of; Cost::ALL.len()])
    }

    pub(super) const fn of(&self, cost: Cost) -> u32 {
        self.0[cost.index()]
    }

    pub(super) fn least(&self) -> u32 {
        self.0.into_iter().min().unwrap_or_default()
    }

    pub(super) const fn set(&mut self, cost: Cost, to: u32) {
        self.0[cost.index()] = to;
    }
}
