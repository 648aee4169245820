use crate::parts::atomic::AtomicU64;
use crate::parts::atomic::Ordering::Relaxed;

/// A bucket of tokens that calls fill and empty, without a look at any clock. All numbers are thousandths of a token.
#[derive(Debug)]
pub(super) struct Tokens {
    left: AtomicU64,
    most: u64,
    rules: Rules,
}

/// When tokens come and go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rules {
    /// As gRPC has it: each failure takes one, each success brings some, and there are repeats while more than half are
    /// left.
    HalfFull { per_success: u64 },
    /// As the clients of AWS have it: each repeat takes some, which its success brings back; a first success brings a
    /// little.
    Quota { per_success: u64 },
}

/// What a whole token is.
const TOKEN: u64 = 1_000;

impl Tokens {
    pub(super) fn new(most: u64, rules: Rules) -> Self {
        Self { left: AtomicU64::new(most), most, rules }
    }

    pub(super) fn left(&self) -> u64 {
        self.left.load(Relaxed)
    }

    /// Whether there is what a repeat costs.
    pub(super) fn has(&self, price: u64) -> bool {
        match self.rules {
            Rules::HalfFull { .. } => self.left() > self.most / 2,
            Rules::Quota { .. } => self.left() >= price,
        }
    }

    /// Takes what a repeat costs, if there is as much.
    pub(super) fn take(&self, price: u64) -> Option<u64> {
        match self.rules {
            Rules::HalfFull { .. } => self.has(price).then_some(0),
            Rules::Quota { .. } => {
                let take = |left: u64| left.checked_sub(price);
                self.left.fetch_update(Relaxed, Relaxed, take).is_ok().then_some(price)
            }
        }
    }

    pub(super) fn give_back(&self, taken: u64) {
        self.add(taken);
    }

    /// An attempt failed so that it might be repeated.
    pub(super) fn failed(&self) {
        if let Rules::HalfFull { .. } = self.rules {
            let take = |left: u64| Some(left.saturating_sub(TOKEN));
            let _ = self.left.fetch_update(Relaxed, Relaxed, take);
        }
    }

    /// A call succeeded; at its first attempt, or after a repeat that had cost this much.
    pub(super) fn succeeded(&self, after: Option<u64>) {
        match (self.rules, after) {
            (Rules::HalfFull { per_success }, _) | (Rules::Quota { per_success }, None) => {
                self.add(per_success);
            }
            (Rules::Quota { .. }, Some(taken)) => self.add(taken),
        }
    }

    fn add(&self, tokens: u64) {
        // Nothing is written while it is full, so threads whose calls succeed do not wait for each other.
        let add = |left: u64| {
            let more = left.saturating_add(tokens).min(self.most);
            (more != left).then_some(more)
        };
        let _ = self.left.fetch_update(Relaxed, Relaxed, add);
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
