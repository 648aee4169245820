use std::borrow::Cow;
use std::fmt;

use buttress_core::clock::{Clock, Moment};
use buttress_core::outcome::Outcome;
use buttress_core::sync::{Lock, Shared, Striped};

use super::endpoint::Endpoint;
use super::meters::Meters;
use super::roster::{Record, Roster};
use super::{Ejected, OutlierBuilder, Seat};
use crate::parts::atomic::Ordering::{AcqRel, Relaxed};
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// Knows which of a set of endpoints do worse than they may, and leaves them out. The [module](super) has an example; clones are
/// the same.
#[derive(Clone)]
pub struct Outliers(Shared<Inner>);

pub(super) struct Inner {
    pub(super) endpoints: Box<[Endpoint]>,
    pub(super) in_a_row: Option<u32>,
    pub(super) roster: Lock<Roster>,
    pub(super) next_look: AtomicU64,
    pub(super) left_out: AtomicUsize,
    pub(super) panics: AtomicBool,
    /// Where each thread goes on with its round.
    pub(super) rounds: Striped<AtomicUsize>,
    pub(super) name: Cow<'static, str>,
    pub(super) clock: Box<dyn Clock>,
    pub(super) meters: Meters,
}

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
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.endpoints.len()
    }

    /// Whether this endpoint is left out now. None is, while most of them would be: see
    /// [`panic_below`](super::OutlierRules::panic_below).
    #[must_use]
    pub fn is_left_out(&self, at: usize) -> bool {
        let is_out = self.0.endpoints.get(at).is_some_and(Endpoint::is_left_out);
        is_out && !self.0.panics.load(Relaxed)
    }

    /// Which endpoints are left out, also if they are used nevertheless.
    #[must_use]
    pub fn left_out(&self) -> Vec<usize> {
        let all = self.0.endpoints.iter().enumerate();
        all.filter(|(_, endpoint)| endpoint.is_left_out()).map(|(at, _)| at).collect()
    }

    /// Whether so many are left out that all are used.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.0.panics.load(Relaxed)
    }

    /// Those that are not left out, beginning with the one whose turn it is. There is one at least.
    pub fn in_turn(&self) -> impl Iterator<Item = usize> {
        let inner = &*self.0;
        let of = self.len();
        let turn = inner.rounds.mine().fetch_add(1, Relaxed);
        let mut first = turn % of;
        if inner.left_out.load(Relaxed) > 0 {
            inner.look_if_due(inner.clock.recent());
            first = self.used(turn);
        }
        (first..of).chain(0..first).filter(|at| !self.is_left_out(*at))
    }

    /// Whose turn it is of those that are not left out: else whoever follows one that is would get its calls, too.
    fn used(&self, turn: usize) -> usize {
        let used = (0..self.len()).filter(|at| !self.is_left_out(*at));
        let of = used.clone().count().max(1);
        used.clone().nth(turn % of).unwrap_or_default()
    }

    /// A call to this endpoint begins. Tell the seat how it ended. If there is no such endpoint, that says nothing.
    pub fn enter(&self, at: usize) -> Seat {
        let generation = self.0.endpoints.get(at).map_or(0, Endpoint::generation);
        Seat::new(self.0.clone(), at, generation)
    }

    /// Keeps it as long as the program runs, so that no reference to it is counted: see [`Shared::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self(self.0.leak())
    }
}

impl Inner {
    /// A call has ended that began in this generation of its endpoint.
    pub(super) fn settle(&self, at: usize, generation: u32, outcome: Outcome) {
        let Some(endpoint) = self.endpoints.get(at) else { return };
        // It was left out meanwhile, or taken in again: what it did before that is known.
        if endpoint.generation() != generation {
            return;
        }
        match outcome {
            Outcome::Success => self.succeeded(endpoint),
            Outcome::Failure => self.failed(at, endpoint),
            _ => {}
        }
    }

    fn succeeded(&self, endpoint: &Endpoint) {
        if endpoint.succeeded() {
            self.look_if_due(self.clock.recent());
        }
    }

    fn failed(&self, at: usize, endpoint: &Endpoint) {
        let in_a_row = endpoint.failed();
        let now = self.clock.recent();
        if self.in_a_row.is_some_and(|limit| in_a_row >= limit) {
            self.change(|roster| self.leave_out(roster, at, now).then_some((at, Ejected::InARow)));
        }
        self.look_if_due(now);
    }

    fn look_if_due(&self, now: Moment) {
        let due = self.next_look.load(Relaxed);
        // Until the look has set the time of the next one, it is never.
        let is_mine = now.as_nanos() >= due
            && self.next_look.compare_exchange(due, u64::MAX, AcqRel, Relaxed).is_ok();
        if is_mine {
            self.look(now);
        }
    }

    #[cold]
    fn look(&self, now: Moment) {
        self.change(|roster| {
            let records: Vec<Record> = self.endpoints.iter().map(Endpoint::drain).collect();
            roster.look(now);
            self.next_look.store(roster.next_look.as_nanos(), Relaxed);
            for (at, endpoint) in self.endpoints.iter().enumerate() {
                if endpoint.is_left_out() && !roster.is_left_out(at) {
                    endpoint.turn(false);
                }
            }
            let mut found = roster.outliers(&records);
            found.retain(|(at, _)| self.leave_out(roster, *at, now));
            found
        });
    }

    fn leave_out(&self, roster: &mut Roster, at: usize, now: Moment) -> bool {
        let is_new = roster.leave_out(at, now);
        if is_new {
            self.endpoints[at].turn(true);
        }
        is_new
    }

    /// Changes who is left out, and tells of it, but not before the lock is given back: log and metrics are somebody else's code.
    #[cold]
    fn change<L>(&self, change: impl FnOnce(&mut Roster) -> L)
    where
        L: IntoIterator<Item = (usize, Ejected)>,
    {
        let mut roster = self.roster.lock();
        let left_out = change(&mut roster);
        let (out, panics) = (roster.left_out(), roster.is_panic());
        self.left_out.store(out, Relaxed);
        let panicked = self.panics.swap(panics, Relaxed);
        drop(roster);

        let set = &*self.name;
        for (at, why) in left_out {
            self.meters.left_out(why);
            let why = why.as_str();
            tracing::warn!(target: "buttress", set, endpoint = at, why, "an endpoint is left out");
        }
        self.meters.out(out);
        if panics && !panicked {
            tracing::warn!(target: "buttress", set, "so many endpoints are outliers that all are used");
        }
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
