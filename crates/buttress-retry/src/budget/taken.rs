use std::fmt;
use std::sync::Arc;

use super::ratio::Spent;
use super::terms::Purse;

/// That a call was counted. Made by [`Budget::deposit`](crate::Budget::deposit), for
/// [`Budget::take`](crate::Budget::take).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deposit(pub(super) u64);

/// What a repeat costs, taken from a [`Budget`](crate::Budget) and not spent yet: dropped, it is given back.
///
/// ```
/// use buttress_core::clock::Moment;
/// use buttress_retry::{Budget, Cost};
///
/// let (budget, now) = (Budget::quota(12), Moment::FIRST);
/// let taken = budget.take(Cost::Failure, None, now).expect("five of twelve");
/// drop(taken);
/// assert_eq!(budget.left(now), 12.0);
///
/// budget.take(Cost::Failure, None, now).expect("five of twelve").spend();
/// assert_eq!(budget.left(now), 7.0);
/// ```
#[must_use = "dropped, it is given back"]
pub struct Taken {
    purse: Arc<Purse>,
    kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Spent(Spent),
    Tokens(u64),
    Nothing,
}

impl Taken {
    pub(super) const fn new(purse: Arc<Purse>, kind: Kind) -> Self {
        Self { purse, kind }
    }

    /// Spends it: the repeat is on its way.
    pub fn spend(mut self) {
        self.kind = Kind::Nothing;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        match (self.kind, &*self.purse) {
            (Kind::Spent(spent), Purse::Ratio(ratio)) => ratio.give_back(spent),
            (Kind::Tokens(taken), Purse::Tokens(tokens)) => tokens.give_back(taken),
            _ => {}
        }
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken").finish_non_exhaustive()
    }
}
