use std::fmt;

use buttress_core::sync::Shared;

use super::endpoint::{Endpoint, Standing};
use super::inner::Inner;
use super::{OutlierBuilder, Seat};
use crate::parts::atomic::Ordering::Relaxed;

/// Knows which of a set of endpoints do worse than they may, and leaves them out. The [module](super) has an example;
/// clones are the same.
#[derive(Clone)]
pub struct Outliers(Shared<Inner>);

impl Outliers {
    /// Begins to build one for so many endpoints.
    pub fn of(endpoints: usize) -> OutlierBuilder {
        OutlierBuilder::new(endpoints)
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Shared::new(inner))
    }

    /// What the set is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many endpoints there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.here.load(Relaxed)
    }

    /// Whether there is none, as all were [removed](super::Endpoints::remove).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this endpoint is left out now. None is, while most of them would be: see
    /// [`panic_below`](super::OutlierRules::panic_below).
    #[must_use]
    pub fn is_left_out(&self, at: usize) -> bool {
        let is_out = self.0.places.at(at).is_some_and(|place| place.is(Standing::LeftOut));
        is_out && !self.0.panics.load(Relaxed)
    }

    /// Which endpoints are left out, also if they are used nevertheless.
    #[must_use]
    pub fn left_out(&self) -> Vec<usize> {
        let all = self.0.places.iter().enumerate();
        all.filter(|(_, place)| place.is(Standing::LeftOut)).map(|(at, _)| at).collect()
    }

    /// Whether so many are left out that all are used.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.0.panics.load(Relaxed)
    }

    /// Those that are not left out, beginning with the one whose turn it is. There is one at least, unless there is
    /// none at all.
    pub fn in_turn(&self) -> impl Iterator<Item = usize> {
        let inner = &*self.0;
        let of = inner.places.len();
        let turn = inner.rounds.mine().fetch_add(1, Relaxed);
        let mut first = turn % of;
        if inner.aside.load(Relaxed) > 0 {
            inner.look_if_due(inner.clock.recent());
            first = self.used(turn);
        }
        (first..of).chain(0..first).filter(|at| self.is_used(*at))
    }

    /// Whose turn it is of those that are used: else whoever follows one that is not would get its calls, too.
    fn used(&self, turn: usize) -> usize {
        let used = (0..self.0.places.len()).filter(|at| self.is_used(*at));
        let of = used.clone().count().max(1);
        used.clone().nth(turn % of).unwrap_or_default()
    }

    fn is_used(&self, at: usize) -> bool {
        let inner = &*self.0;
        inner.places.at(at).is_some_and(|place| {
            place.is(Standing::Used) || (place.is(Standing::LeftOut) && inner.panics.load(Relaxed))
        })
    }

    /// A call to this endpoint begins. Tell the seat how it ended. If there is no such endpoint, that says nothing.
    pub fn enter(&self, at: usize) -> Seat {
        let generation = self.0.places.at(at).map_or(0, Endpoint::generation);
        Seat::new(self.0.clone(), at, generation)
    }

    /// How often it has changed who is used.
    #[inline]
    pub(super) fn changes(&self) -> u64 {
        self.0.changes.count()
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self(self.0.leak())
    }
}

impl fmt::Debug for Outliers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outliers")
            .field("endpoints", &self.len())
            .field("left_out", &self.left_out())
            .finish_non_exhaustive()
    }
}
