use crate::Priority;
use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Slots for calls, of a number that may change at any time: how many are taken and how many there are is one word, so
/// they are never more than there are.
///
/// A lower [priority](Priority) finds fewer of them. If the number sinks below what is taken, nothing is taken until
/// enough has come back.
///
/// Whoever waits has to be seen by whoever gives. The one who waits sets [`LOOK`] and then looks for a slot, the other
/// gives one back and finds `LOOK`: changes of one word have one order, so one of the two sees the other, without a
/// fence.
pub(crate) struct Slots(AtomicU64);

const ONE: u64 = 1;
/// Somebody waits: nobody takes in passing, and who gives has to look.
const LOOK: u64 = 1 << 31;

impl Slots {
    pub(crate) fn new(limit: u32) -> Self {
        Self(AtomicU64::new(u64::from(limit) << 32))
    }

    /// Takes one, unless somebody waits, and says how many are taken now.
    #[inline]
    pub(crate) fn take(&self, priority: Priority) -> Option<u32> {
        let seen = self.0.load(Relaxed);
        if seen & LOOK != 0 { None } else { self.take_from(seen, priority, LOOK) }
    }

    /// Takes one although a call waits: for it, or before it.
    pub(crate) fn take_called(&self, priority: Priority) -> bool {
        self.take_from(self.0.load(Acquire), priority, 0).is_some()
    }

    #[inline]
    fn take_from(&self, mut seen: u64, priority: Priority, unless: u64) -> Option<u32> {
        loop {
            if seen & unless != 0 || taken(seen) >= priority.share_of(limit(seen)) {
                return None;
            }
            match self.0.compare_exchange_weak(seen, seen + ONE, AcqRel, Acquire) {
                Ok(_) => return Some(taken(seen) + 1),
                Err(other) => seen = other,
            }
        }
    }

    /// Gives one back; whether somebody has to be looked after.
    #[inline]
    pub(crate) fn give(&self) -> bool {
        self.0.fetch_sub(ONE, AcqRel) & LOOK != 0
    }

    /// Whoever gives from now on will look.
    pub(crate) fn call(&self) {
        self.0.fetch_or(LOOK, AcqRel);
    }

    /// Nobody need look any more.
    pub(crate) fn dismiss(&self) {
        self.0.fetch_and(!LOOK, AcqRel);
    }

    pub(crate) fn resize(&self, to: u32) {
        let resized = |seen| Some((u64::from(to) << 32) | (seen & u64::from(u32::MAX)));
        let _ = self.0.fetch_update(AcqRel, Acquire, resized);
    }

    /// Whether there is one for this priority, whoever waits.
    pub(crate) fn has_room(&self, priority: Priority) -> bool {
        let seen = self.0.load(Relaxed);
        taken(seen) < priority.share_of(limit(seen))
    }

    pub(crate) fn limit(&self) -> u32 {
        limit(self.0.load(Relaxed))
    }

    pub(crate) fn taken(&self) -> u32 {
        taken(self.0.load(Relaxed))
    }
}

const fn limit(word: u64) -> u32 {
    (word >> 32) as u32
}

const fn taken(word: u64) -> u32 {
    (word & (LOOK - 1)) as u32
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    #[test]
    fn a_lower_priority_finds_fewer() {
        let slots = Slots::new(10);
        let all = |priority| std::iter::from_fn(|| slots.take(priority)).count();
        let taken = Priority::ALL.map(all);
        assert_eq!(taken, [5, 2, 2, 1]);
        assert_eq!((slots.taken(), slots.limit()), (10, 10));
    }

    #[test]
    fn nothing_is_taken_until_enough_has_come_back() {
        let slots = Slots::new(3);
        assert_eq!([(); 3].map(|()| slots.take(Priority::Critical)), [Some(1), Some(2), Some(3)]);
        slots.resize(1);
        assert!(!slots.give() && !slots.give());
        assert_eq!(slots.take(Priority::Critical), None);
        assert!(!slots.give());
        assert_eq!(slots.take(Priority::Critical), Some(1));
        slots.resize(u32::MAX);
        assert_eq!((slots.taken(), slots.limit()), (1, u32::MAX));
        assert_eq!(slots.take(Priority::Background), Some(2));
    }

    #[test]
    fn nobody_takes_in_passing_while_somebody_waits() {
        let slots = Slots::new(2);
        slots.call();
        assert_eq!(slots.take(Priority::Critical), None);
        assert!(slots.take_called(Priority::Critical));
        assert!(slots.give(), "who gives has to look");
        slots.dismiss();
        assert_eq!(slots.take(Priority::Critical), Some(1));
    }
}
