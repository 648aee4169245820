use std::borrow::Cow;

use buttress_core::clock::{Clock, Moment};
use buttress_core::outcome::Outcome;
use buttress_core::sync::{Lock, Striped};

use super::Ejected;
use super::changes::Changes;
use super::endpoint::{Endpoint, Standing};
use super::meters::Meters;
use super::places::Places;
use super::roster::{Record, Roster};
use crate::parts::atomic::Ordering::{AcqRel, Relaxed};
use crate::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// Who is there and who is left out, for all who ask.
pub(super) struct Inner {
    pub(super) places: Places,
    pub(super) in_a_row: Option<u32>,
    pub(super) roster: Lock<Roster>,
    /// When there is something to do, as the roster says it.
    pub(super) next_turn: AtomicU64,
    pub(super) here: AtomicUsize,
    /// How many places nobody is to be sent to, unless all are used.
    pub(super) aside: AtomicUsize,
    pub(super) panics: AtomicBool,
    pub(super) changes: Changes,
    /// Where each thread goes on with its round.
    pub(super) rounds: Striped<AtomicUsize>,
    pub(super) name: Cow<'static, str>,
    pub(super) clock: Box<dyn Clock>,
    pub(super) meters: Meters,
}

impl Inner {
    /// A call has ended that began in this generation of its endpoint.
    pub(super) fn settle(&self, at: usize, generation: u32, outcome: Outcome) {
        let Some(endpoint) = self.places.at(at) else { return };
        // It was left out meanwhile, or taken in again: what it did before that is known. Or another one has its place.
        if !endpoint.is_of(generation) {
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

    /// When somebody is taken in again, if nothing happens before; nothing if nobody is left out.
    pub(super) fn next_return(&self) -> Option<Moment> {
        self.roster.lock().next_return()
    }

    pub(super) fn look_if_due(&self, now: Moment) {
        let due = self.next_turn.load(Relaxed);
        // Until that is done, which sets the time of the next one, it is never.
        let is_mine = now.as_nanos() >= due
            && self.next_turn.compare_exchange(due, u64::MAX, AcqRel, Relaxed).is_ok();
        if is_mine {
            self.look(now);
        }
    }

    /// Somebody else may have changed who is left out meanwhile, so the roster says what is due.
    #[cold]
    fn look(&self, now: Moment) {
        self.change(|roster| {
            if !roster.is_look_due(now) {
                roster.take_in(now);
                self.take_in(roster);
                return Vec::new();
            }
            let records: Vec<Record> = self.places.iter().map(Endpoint::drain).collect();
            roster.look(now);
            self.take_in(roster);
            let mut found = roster.outliers(&records);
            found.retain(|(at, _)| self.leave_out(roster, *at, now));
            found
        });
    }

    fn leave_out(&self, roster: &mut Roster, at: usize, now: Moment) -> bool {
        let is_new = roster.leave_out(at, now);
        self.turn(at, Standing::LeftOut, is_new)
    }

    /// Whom the roster has taken in.
    fn take_in(&self, roster: &Roster) {
        for (at, place) in self.places.iter().enumerate() {
            if place.is(Standing::LeftOut) && !roster.is_left_out(at) {
                place.turn(Standing::Used);
            }
        }
    }

    fn turn(&self, at: usize, standing: Standing, is_new: bool) -> bool {
        if let Some(place) = self.places.at(at).filter(|_| is_new) {
            place.turn(standing);
        }
        is_new
    }

    /// One more, which `publish` makes known by its number before anybody is told; not if there are as many as there
    /// may be.
    pub(super) fn add(&self, publish: impl FnOnce(usize)) {
        self.change(|roster| {
            if let Some(at) = roster.add() {
                self.places.grow_to(at);
                publish(at);
                self.turn(at, Standing::Used, true);
            }
            None
        });
    }

    /// One less, if there is one, which `publish` makes known before anybody is told. Says whether there was.
    pub(super) fn remove(&self, at: usize, publish: impl FnOnce()) -> bool {
        let mut was_there = false;
        self.change(|roster| {
            was_there = roster.remove(at);
            if was_there {
                publish();
                self.turn(at, Standing::Vacant, true);
                self.take_in(roster);
            }
            None
        });
        was_there
    }

    /// Changes who is there and who is left out, and tells of it, but not before the lock is given back: log, metrics
    /// and wakers are somebody else's code.
    #[cold]
    fn change<L>(&self, change: impl FnOnce(&mut Roster) -> L)
    where
        L: IntoIterator<Item = (usize, Ejected)>,
    {
        let mut roster = self.roster.lock();
        let before = roster.version();
        let left_out = change(&mut roster);
        let panics = roster.is_panic();
        self.next_turn.store(roster.next_turn().as_nanos(), Relaxed);
        self.here.store(roster.here(), Relaxed);
        self.aside.store(roster.aside(), Relaxed);
        let panicked = self.panics.swap(panics, Relaxed);
        let woken = (roster.version() != before).then(|| self.changes.tell());
        drop(roster);

        self.tell(left_out);
        if panics && !panicked {
            let set = &*self.name;
            tracing::warn!(target: "buttress", set, "so many endpoints are outliers that all are used");
        }
        // Last, as those who wake look at all of that.
        drop(woken);
    }

    fn tell(&self, left_out: impl IntoIterator<Item = (usize, Ejected)>) {
        let set = &*self.name;
        for (at, why) in left_out {
            self.meters.left_out(why);
            let why = why.as_str();
            tracing::warn!(target: "buttress", set, endpoint = at, why, "an endpoint is left out");
        }
        self.meters.publish(|| self.roster.lock().left_out());
    }
}
