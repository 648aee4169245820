use std::collections::BTreeSet;

use buttress_core::clock::Moment;

/// The places that probes have, of all gates whose steps are made under one lock: each has its own time.
///
/// There are only those that are out, so that a breaker that is closed or open has no room for them. What is here of a
/// key that has lost its own goes with the next step of whose that is then.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    out: BTreeSet<Lease>,
    last: u32,
}

/// The place of one probe. Of one gate, what is over first comes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Lease {
    gate: u32,
    until: Moment,
    number: u32,
}

/// A probe knows its place by so many bits. The same number comes again after that many probes, and only what still
/// hangs then could be taken for another one.
pub(super) const BITS: u32 = 18;

impl Leases {
    /// The one of this gate that is over first.
    pub(super) fn oldest(&self, gate: u32) -> Option<Lease> {
        self.of(gate).next()
    }

    /// The one with this number; nothing, if somebody else has that place by now.
    pub(super) fn find(&self, gate: u32, number: u32) -> Option<Lease> {
        self.of(gate).find(|lease| lease.number == number)
    }

    /// Takes a place until then, and says its number.
    pub(super) fn take(&mut self, gate: u32, until: Moment) -> u32 {
        self.last = (self.last + 1) % (1 << BITS);
        self.out.insert(Lease { gate, until, number: self.last });
        self.last
    }

    pub(super) fn give_back(&mut self, lease: Lease) {
        self.out.remove(&lease);
    }

    /// Nobody has a place of this gate any more.
    pub(super) fn clear(&mut self, gate: u32) {
        while let Some(lease) = self.oldest(gate) {
            self.give_back(lease);
        }
    }

    fn of(&self, gate: u32) -> impl Iterator<Item = Lease> {
        let first = Lease { gate, until: Moment::FIRST, number: 0 };
        self.out.range(first..).copied().take_while(move |lease| lease.gate == gate)
    }
}

impl Lease {
    pub(super) const fn until(self) -> Moment {
        self.until
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Moment {
        Moment::from_nanos(nanos)
    }

    #[test]
    fn those_of_one_gate_are_no_others() {
        let mut leases = Leases::default();
        let [late, early] = [at(9), at(5)].map(|until| leases.take(7, until));
        let other = leases.take(8, at(1));
        assert_eq!(leases.oldest(7).map(Lease::until), Some(at(5)));
        assert_eq!((leases.find(7, other), leases.find(6, early)), (None, None));

        leases.give_back(leases.find(7, early).unwrap());
        assert_eq!(leases.find(7, early), None);
        assert_eq!(leases.oldest(7), leases.find(7, late));
        leases.clear(7);
        assert_eq!((leases.oldest(7), leases.out.len()), (None, 1));
    }

    #[test]
    fn numbers_come_round() {
        let mut leases = Leases { last: (1 << BITS) - 1, ..Leases::default() };
        assert_eq!((leases.take(0, at(1)), leases.take(0, at(1))), (0, 1));
    }
}
