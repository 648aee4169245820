use crate::parts::Striped;
use crate::parts::atomic::AtomicU32;
use crate::parts::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// The permits that are free, dealt out over stripes: a thread takes and gives at its own, and goes round the others
/// only if that is empty. The sum is kept, so the limit is exact.
///
/// Whoever waits has to be seen by whoever gives. Both go through the word of the stripe: the one who waits sets
/// [`LOOK`] and looks what is there, the other adds a permit and looks whether `LOOK` is. Changes of one word have one
/// order, so one of the two sees the other, without a fence.
pub(super) struct Permits {
    stripes: Striped<AtomicU32>,
}

/// Beside the number of free permits: somebody waits, so nobody takes in passing, and who gives has to look.
const LOOK: u32 = 1 << 31;

/// More stripes than that cost whoever has to go round more than they spare.
const STRIPES: usize = 16;

/// What became of a try to take one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Take {
    Taken,
    /// All stripes were empty when they were looked at.
    Nothing,
    /// Others were first.
    Look,
}

impl Permits {
    pub(super) fn new(count: u32) -> Self {
        let most = usize::try_from(count).map_or(STRIPES, |count| count.clamp(1, STRIPES));
        let permits = Self { stripes: Striped::new(most, || AtomicU32::new(0)) };
        permits.put(count);
        permits
    }

    /// Takes one, unless somebody waits.
    #[inline]
    pub(super) fn take(&self) -> Take {
        match take_one(self.stripes.mine()) {
            Take::Nothing => self.steal(),
            seen => seen,
        }
    }

    /// Gives one back; whether somebody has to be looked after.
    #[inline]
    pub(super) fn give(&self) -> bool {
        self.stripes.mine().fetch_add(1, AcqRel) & LOOK != 0
    }

    #[cold]
    fn steal(&self) -> Take {
        let mut round = self.stripes.iter().map(take_one);
        round.find(|seen| *seen != Take::Nothing).unwrap_or(Take::Nothing)
    }

    /// Adds permits, evenly.
    pub(super) fn put(&self, count: u32) {
        let stripes = u32::try_from(self.stripes.len()).unwrap_or(1);
        let (each, more) = (count / stripes, count % stripes);
        for (at, stripe) in (0_u32..).zip(self.stripes.iter()) {
            stripe.fetch_add(each + u32::from(at < more), AcqRel);
        }
    }

    /// Whoever gives from now on will look.
    pub(super) fn call(&self) {
        for stripe in self.stripes.iter() {
            stripe.fetch_or(LOOK, AcqRel);
        }
    }

    /// Nobody need look any more.
    pub(super) fn dismiss(&self) {
        for stripe in self.stripes.iter() {
            stripe.fetch_and(!LOOK, AcqRel);
        }
    }

    /// Takes one although a call waits: for it.
    pub(super) fn take_called(&self) -> bool {
        self.stripes.iter().any(|stripe| {
            let less = |word| (word & !LOOK > 0).then(|| word - 1);
            stripe.fetch_update(AcqRel, Acquire, less).is_ok()
        })
    }

    /// The same for as many as are free, and no more than this. Says how many it was.
    pub(super) fn take_all_called(&self, most: u32) -> u32 {
        let mut left = most;
        for stripe in self.stripes.iter() {
            let found = |word: u32| (word & !LOOK).min(left);
            let less = |word| (found(word) > 0).then(|| word - found(word));
            if let Ok(word) = stripe.fetch_update(AcqRel, Acquire, less) {
                left -= found(word);
            }
        }
        most - left
    }

    /// How many are free, looked at one stripe after another.
    pub(super) fn free(&self) -> u32 {
        self.stripes.iter().map(|stripe| stripe.load(Relaxed) & !LOOK).sum()
    }
}

#[inline]
fn take_one(stripe: &AtomicU32) -> Take {
    let mut word = stripe.load(Relaxed);
    loop {
        if word & LOOK != 0 {
            return Take::Look;
        }
        let Some(less) = word.checked_sub(1) else { return Take::Nothing };
        match stripe.compare_exchange_weak(word, less, AcqRel, Relaxed) {
            Ok(_) => return Take::Taken,
            Err(seen) => word = seen,
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_there_were() {
        for count in [0, 1, 2, 3, 64, 65, LOOK - 1] {
            let permits = Permits::new(count);
            assert_eq!(permits.free(), count);
        }
        let permits = Permits::new(5);
        let taken = (0..7).filter(|_| permits.take() == Take::Taken).count();
        assert_eq!((taken, permits.free()), (5, 0));
        assert!(!permits.give());
        assert_eq!(permits.free(), 1);
    }

    #[test]
    fn nobody_takes_in_passing_while_somebody_waits() {
        let permits = Permits::new(2);
        permits.call();
        assert_eq!(permits.take(), Take::Look);
        assert!(permits.take_called());
        assert!(permits.give(), "who gives has to look");
        permits.dismiss();
        assert_eq!((permits.take(), permits.take(), permits.take()), {
            (Take::Taken, Take::Taken, Take::Nothing)
        });
        permits.call();
        assert!(!permits.take_called());
    }
}
