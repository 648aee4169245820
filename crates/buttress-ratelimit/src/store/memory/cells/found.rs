//! A charge that was looked at, and is taken where it was found.

use buttress_core::Key;
use buttress_core::clock::Moment;

use super::super::bucket::{Exchanged, Place};
use super::super::outcome::{Ask, Outcome};
use super::super::spot;
use super::Cells;
use crate::Limit;
use crate::algorithm::gcra::Gcra;

/// A key that has room for what is asked, as it was seen. Nothing is taken yet.
#[derive(Clone, Copy)]
pub(in super::super) struct Found<'a> {
    cells: &'a Cells,
    place: Place<'a>,
    print: u32,
    next: Gcra,
    wait: u64,
}

impl Cells {
    /// What nearly every charge finds: its key in the first bucket, and room. Nothing where more is to be looked at, as
    /// [`look`](Self::look) does.
    #[inline]
    pub(in super::super) fn find(&self, limit: &Limit, ask: Ask, now: Moment) -> Option<Found<'_>> {
        let print = spot::print(ask.key);
        let place = spot::first(&self.buckets, ask.key)?.find(print)?;
        let (next, wait) = Gcra::from_nanos(place.seen()).take(limit, ask.cost, now).ok()?;
        (ask.cost > 0).then_some(Found { cells: self, place, print, next, wait })
    }
}

impl Found<'_> {
    /// How the key stood when it was seen.
    pub(in super::super) fn seen(&self, limit: &Limit, now: Moment) -> Outcome {
        Outcome::of(Ok(self.wait), &Gcra::from_nanos(self.place.seen()), limit, now)
    }

    /// Takes it. Nothing if somebody was faster: then all of it is to be asked anew.
    #[inline]
    pub(in super::super) fn take(&self, limit: &Limit, key: Key, now: Moment) -> Option<Outcome> {
        if self.place.exchange(self.print, self.next.as_nanos()) != Exchanged::Yes {
            return None;
        }
        self.cells.note(limit, key, self.next, now);
        Some(Outcome::of(Ok(self.wait), &self.next, limit, now))
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
