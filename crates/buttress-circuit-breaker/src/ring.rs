use crate::counts::Counts;

/// The last calls, one by one: two bits for each, and what they are together.
#[derive(Debug)]
pub(crate) struct Ring {
    /// 32 calls in each.
    words: Box<[u64]>,
    calls: usize,
    /// Where the next one goes, and the oldest is, if it is full.
    next: usize,
    sums: Counts,
}

const FAILED: u64 = 1;
const SLOW: u64 = 2;
const CALLS: usize = 32;

impl Ring {
    pub(crate) fn new(calls: u32) -> Self {
        let calls = calls.max(1) as usize;
        let words = (0..calls.div_ceil(CALLS)).map(|_| 0).collect();
        Self { words, calls, next: 0, sums: Counts::default() }
    }

    pub(crate) fn sums(&self) -> Counts {
        self.sums
    }

    pub(crate) fn clear(&mut self) {
        (self.next, self.sums) = (0, Counts::default());
    }

    pub(crate) fn push(&mut self, failed: bool, slow: bool) {
        let (word, shift) = (self.next / CALLS, self.next % CALLS * 2);
        if self.sums.calls == self.calls as u64 {
            let gone = self.words[word] >> shift;
            self.sums = self.sums.minus(Counts::one(gone & FAILED != 0, gone & SLOW != 0));
        }
        let bits = (u64::from(failed) * FAILED) | (u64::from(slow) * SLOW);
        self.words[word] = self.words[word] & !(3 << shift) | bits << shift;
        self.sums = self.sums.plus(Counts::one(failed, slow));
        self.next = (self.next + 1) % self.calls;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The same as a list of all of them says.
        #[test]
        fn it_is_exact(
            calls in 1_u32..100, pushed in prop::collection::vec(any::<(bool, bool, bool)>(), 0..400),
        ) {
            let (mut ring, mut all) = (Ring::new(calls), Vec::new());
            for (failed, slow, clear) in pushed {
                if clear && failed && slow {
                    ring.clear();
                    all.clear();
                }
                ring.push(failed, slow);
                all.push(Counts::one(failed, slow));
                let last = all.iter().rev().take(calls as usize);
                let sums = last.fold(Counts::default(), |sums, counts| sums.plus(*counts));
                prop_assert_eq!(ring.sums(), sums);
            }
        }
    }
}
