use std::collections::HashMap;

use super::answers::Seen;
use crate::address::Address;

/// Who the master is, by all that the sentinels said.
///
/// Each failover has a higher epoch than the one before. A sentinel that was cut off from the others names an old
/// master with an old epoch, and so does one that was asleep: what was once believed is never given up for that.
#[derive(Debug, Default)]
pub(crate) struct Belief {
    master: Option<(u64, Address)>,
    seen: HashMap<Address, Seen>,
}

impl Belief {
    /// Notes what a sentinel said last; nothing if it does not answer.
    pub(crate) fn hear(&mut self, sentinel: Address, seen: Option<Seen>) {
        match seen {
            Some(seen) => self.seen.insert(sentinel, seen),
            None => self.seen.remove(&sentinel),
        };
    }

    /// Makes up its mind, and tells the master if that is another one than before.
    pub(crate) fn decide(&mut self) -> Option<&Address> {
        let (epoch, address) = self.named()?;
        let (epoch, address) = (epoch, address.clone());
        match &mut self.master {
            Some((believed, _)) if epoch < *believed => None,
            Some((believed, old)) if *old == address => {
                *believed = epoch;
                None
            }
            master => Some(&master.insert((epoch, address)).1),
        }
    }

    /// How many sentinels answer.
    pub(crate) fn answering(&self) -> usize {
        self.seen.len()
    }

    /// The sentinels that answer, and those that they know.
    pub(crate) fn sentinels(&self) -> impl Iterator<Item = &Address> {
        self.seen.keys().chain(self.seen.values().flat_map(|seen| &seen.others))
    }

    /// Whom most name of those with the highest epoch. While a sentinel switches over, it may have the new epoch and
    /// still name the old master: so the one that is believed stays as long as anybody names it.
    fn named(&self) -> Option<(u64, &Address)> {
        let epoch = self.seen.values().map(|seen| seen.epoch).max()?;
        let named = || self.seen.values().filter(|seen| seen.epoch == epoch);
        let believed = self.master.as_ref().filter(|(at, _)| *at == epoch).map(|(_, old)| old);
        let votes = |seen: &&Seen| {
            let votes = named().filter(|other| other.master == seen.master).count();
            // The address makes the choice among equals, so that it is not another one each time.
            (believed == Some(&seen.master), votes, seen.master.clone())
        };
        named().max_by_key(votes).map(|seen| (epoch, &seen.master))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(port: u16) -> Address {
        Address::Tcp { host: "h".to_owned(), port }
    }

    fn seen(epoch: u64, master: u16) -> Seen {
        Seen { epoch, master: at(master), others: Vec::new() }
    }

    #[test]
    fn the_highest_epoch_is_right_and_an_old_one_never_again() {
        let mut belief = Belief::default();
        assert_eq!(belief.decide(), None);
        belief.hear(at(1), Some(seen(3, 100)));
        belief.hear(at(2), Some(seen(3, 100)));
        belief.hear(at(3), Some(seen(4, 200)));
        assert_eq!(belief.decide(), Some(&at(200)));
        assert_eq!(belief.decide(), None, "that is no news");
        belief.hear(at(3), None);
        assert_eq!(belief.answering(), 2);
        assert_eq!(belief.decide(), None, "the others are behind");
        belief.hear(at(1), Some(seen(5, 100)));
        assert_eq!(belief.decide(), Some(&at(100)));
    }

    #[test]
    fn one_that_is_about_to_switch_does_not_take_it_back() {
        let mut belief = Belief::default();
        belief.hear(at(1), Some(seen(1, 100)));
        assert_eq!(belief.decide(), Some(&at(100)));
        // The new epoch is there before the new address.
        belief.hear(at(1), Some(seen(2, 100)));
        assert_eq!(belief.decide(), None);
        belief.hear(at(2), Some(seen(2, 200)));
        assert_eq!(belief.decide(), None, "it is still named");
        belief.hear(at(1), Some(seen(2, 200)));
        assert_eq!(belief.decide(), Some(&at(200)));
        belief.hear(at(3), Some(seen(2, 100)));
        assert_eq!(belief.decide(), None);
    }

    #[test]
    fn it_knows_the_sentinels_of_sentinels() {
        let mut belief = Belief::default();
        let others = vec![at(2), at(3)];
        belief.hear(at(1), Some(Seen { epoch: 1, master: at(100), others }));
        let mut ports: Vec<_> = belief.sentinels().cloned().collect();
        ports.sort();
        assert_eq!(ports, [at(1), at(2), at(3)]);
    }

    proptest! {
        /// Whatever is said in whatever order, the epoch that is believed only grows, and what is believed was said.
        #[test]
        fn it_never_goes_back(said in prop::collection::vec((0_u16..4, 0_u64..6, 0_u16..3, any::<bool>()), 0..60)) {
            let (mut belief, mut before) = (Belief::default(), 0);
            for (sentinel, epoch, master, answers) in &said {
                belief.hear(at(*sentinel), answers.then(|| seen(*epoch, *master)));
                belief.decide();
                let Some((epoch, address)) = belief.master.clone() else { continue };
                prop_assert!(epoch >= before);
                prop_assert!(said.iter().any(|(_, at_epoch, port, _)| *at_epoch == epoch && at(*port) == address));
                before = epoch;
            }
        }
    }
}
