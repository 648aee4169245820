use std::time::Duration;

use buttress_core::clock::Moment;

use super::counter::Counter;
use crate::limit::LARGEST_LOG;
use crate::{Limit, Retry};

/// A log that is larger is refused when it is made.
const LARGEST: usize = 64;

const _: () = assert!(LARGEST as u64 == LARGEST_LOG);

/// When each request came, the oldest first: exact, and what the others are measured by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SlidingLog {
    /// Nanoseconds; what is beyond `length` means nothing.
    times: [u64; LARGEST],
    length: u8,
}

impl SlidingLog {
    fn times(&self) -> &[u64] {
        self.times.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Keeps those times for which `keep` says so.
    fn retain(&mut self, mut keep: impl FnMut(u64) -> bool) {
        let mut kept = Self::default();
        self.times().iter().filter(|time| keep(**time)).for_each(|time| kept.push(*time));
        *self = kept;
    }

    fn push(&mut self, time: u64) {
        if let Some(place) = self.times.get_mut(usize::from(self.length)) {
            *place = time;
            self.length += 1;
        }
    }
}

impl Default for SlidingLog {
    fn default() -> Self {
        Self { times: [0; LARGEST], length: 0 }
    }
}

impl Counter for SlidingLog {
    fn settle(&mut self, limit: &Limit, now: Moment) {
        let now = now.as_nanos();
        let is_over = |time: u64| time.saturating_add(limit.period) <= now;
        if self.times().first().is_some_and(|oldest| is_over(*oldest)) {
            self.retain(|time| !is_over(time));
        }
        if self.times().last().is_some_and(|newest| *newest > now) {
            self.times.iter_mut().for_each(|time| *time = now.min(*time));
        }
    }

    fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn room(&self, limit: &Limit, cost: u32, now: Moment) -> Result<u64, Retry> {
        if u64::from(cost) > limit.count {
            return Err(Retry::Never);
        }
        let too_many = (u64::from(self.length) + u64::from(cost)).saturating_sub(limit.count);
        // So many of the oldest have to leave first.
        let last = usize::try_from(too_many).unwrap_or(LARGEST).checked_sub(1);
        let Some(last) = last.and_then(|last| self.times().get(last)) else { return Ok(0) };
        let leaves = last.saturating_add(limit.period);
        Err(Retry::After(Duration::from_nanos(leaves.saturating_sub(now.as_nanos()))))
    }

    /// What pushes others out counts in their place, and not on top of them: of it no more is given back than the log
    /// has grown by, or else they would be gone for good.
    fn add(&mut self, _: &Limit, cost: u32, now: Moment) -> u32 {
        let before = self.length;
        let more = usize::try_from(cost).unwrap_or(LARGEST).min(LARGEST);
        // What was forced in pushes the oldest out.
        let leave = (usize::from(self.length) + more).saturating_sub(LARGEST);
        if leave > 0 {
            let mut nth = 0;
            self.retain(|_| (nth += 1, nth > leave).1);
        }
        (0..more).for_each(|_| self.push(now.as_nanos()));
        u32::from(self.length - before)
    }

    fn remove(&mut self, limit: &Limit, cost: u32, until: Option<u64>, _: Moment) {
        let Some(newest) = self.times().last().copied() else { return };
        let came = until.map_or(newest, |until| until.saturating_sub(limit.period));
        let mut left = cost;
        self.retain(|time| {
            let goes = time == came && left > 0;
            left -= u32::from(goes);
            !goes
        });
    }

    fn remaining(&self, limit: &Limit, _: Moment) -> u64 {
        limit.count.saturating_sub(self.length.into())
    }

    fn until(&self, limit: &Limit, now: Moment) -> u64 {
        let newest = self.times().last();
        newest.map_or(now.as_nanos(), |newest| newest.saturating_add(limit.period))
    }

    fn weight(&self, _: &Limit, _: Moment) -> (u128, u64) {
        (self.length.into(), self.times().last().copied().unwrap_or_default())
    }
}
