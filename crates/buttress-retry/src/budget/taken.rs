use std::fmt;
use std::sync::Arc;

use super::ratio::Spent;
use super::terms::Purse;

/// That a call was counted. Made by [`Budget::deposit`](crate::Budget::deposit).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deposit(pub(super) u64);

/// What a repeat costs, taken from a [`Budget`](crate::Budget) and not spent yet: dropped, it is given back.
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
