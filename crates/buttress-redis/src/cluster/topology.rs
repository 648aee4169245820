use redis::Value;

use super::slot::SLOTS;
use crate::address::Address;

/// Which primary serves which slot, by what was said last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Topology {
    primaries: Vec<Address>,
    /// For each slot, the place of its primary.
    slots: Box<[u16]>,
}

/// The place of nobody.
const NOBODY: u16 = u16::MAX;
/// More primaries than this are taken for a mistake.
const MOST: usize = 1_000;

impl Default for Topology {
    fn default() -> Self {
        Self { primaries: Vec::new(), slots: vec![NOBODY; usize::from(SLOTS)].into() }
    }
}

impl Topology {
    /// Reads the answer to `CLUSTER SLOTS`: ranges with the first slot, the last one, the primary, its replicas. A node
    /// that does not know its own name leaves it out: it is `asked`, by whatever name that was.
    pub(crate) fn of(answer: &Value, asked: &Address) -> Option<Self> {
        let Value::Array(ranges) = answer else { return None };
        let mut topology = Self::default();
        for range in ranges {
            let Value::Array(range) = range else { return None };
            let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = &**range else {
                return None;
            };
            let (first, last) = (usize::try_from(*first).ok()?, usize::try_from(*last).ok()?);
            let place = topology.place_of(&address(primary, asked)?)?;
            topology.slots.get_mut(first..=last)?.fill(place);
        }
        (!topology.primaries.is_empty()).then_some(topology)
    }

    /// The place of the primary of a slot.
    pub(crate) fn owner(&self, slot: u16) -> Option<usize> {
        let place = *self.slots.get(usize::from(slot))?;
        (place != NOBODY).then_some(usize::from(place))
    }

    pub(crate) fn primaries(&self) -> &[Address] {
        &self.primaries
    }

    /// Whether each slot has a primary.
    pub(crate) fn is_whole(&self) -> bool {
        !self.slots.contains(&NOBODY)
    }

    /// The same, but for one slot. Nothing if that was known.
    pub(crate) fn moved(&self, slot: u16, to: &Address) -> Option<Self> {
        if self.owner(slot).and_then(|place| self.primaries.get(place)) == Some(to) {
            return None;
        }
        let mut topology = self.clone();
        let place = topology.place_of(to)?;
        *topology.slots.get_mut(usize::from(slot))? = place;
        Some(topology)
    }

    /// The place of a primary, which is a new one if it was not known.
    fn place_of(&mut self, primary: &Address) -> Option<u16> {
        let place = self.primaries.iter().position(|known| known == primary);
        let place = place.unwrap_or_else(|| {
            self.primaries.push(primary.clone());
            self.primaries.len() - 1
        });
        u16::try_from(place).ok().filter(|_| place < MOST)
    }
}

/// `host port id …`
fn address(node: &[Value], asked: &Address) -> Option<Address> {
    let [host, Value::Int(port), ..] = node else { return None };
    let host = match host {
        Value::BulkString(host) => str::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        Value::Nil => "",
        _ => return None,
    };
    let port = u16::try_from(*port).ok().filter(|port| *port > 0)?;
    Some(Address::Tcp { host: host.to_owned(), port }.known_by(asked))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.to_owned(), port }
    }

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let id = Value::BulkString(b"0123".to_vec());
        let primary = Value::Array(vec![host, Value::Int(port), id]);
        Value::Array(vec![Value::Int(first), Value::Int(last), primary])
    }

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn it_reads_what_nodes_say() {
        let answer = Value::Array(vec![
            range(0, 5_460, bulk("10.0.0.1"), 7_000),
            range(5_461, 10_922, Value::Nil, 7_001),
            range(10_923, 16_382, bulk("?"), 7_002),
            range(16_383, 16_383, bulk("10.0.0.1"), 7_000),
        ]);
        let topology = Topology::of(&answer, &at("asked", 1)).unwrap();
        let primaries = [at("10.0.0.1", 7_000), at("asked", 7_001), at("asked", 7_002)];
        assert_eq!(topology.primaries(), primaries);
        let owners = [0, 5_460, 5_461, 10_923, 16_383].map(|slot| topology.owner(slot));
        assert_eq!(owners, [0, 0, 1, 2, 0].map(Some));
        assert!(topology.is_whole());
        assert_eq!(topology.owner(SLOTS), None);
    }

    #[test]
    fn a_slot_moves_alone() {
        let answer = Value::Array(vec![range(0, 16_382, bulk("a"), 1)]);
        let before = Topology::of(&answer, &at("a", 1)).unwrap();
        assert!(!before.is_whole());
        assert_eq!(before.moved(7, &at("a", 1)), None);
        let after = before.moved(7, &at("b", 2)).unwrap();
        assert_eq!((after.owner(6), after.owner(7), after.owner(8)), (Some(0), Some(1), Some(0)));
        let known = after.moved(8, &at("b", 2)).unwrap();
        assert_eq!((known.primaries().len(), known.owner(8)), (2, Some(1)));
        assert_eq!(before.moved(SLOTS, &at("b", 2)), None);
        assert_eq!(Topology::default().moved(1, &at("b", 2)).unwrap().owner(1), Some(0));
    }

    #[test]
    fn what_is_no_map_is_none() {
        for answer in [
            Value::Nil,
            Value::Array(vec![]),
            Value::Array(vec![Value::Nil]),
            Value::Array(vec![range(0, 16_384, bulk("a"), 1)]),
            Value::Array(vec![range(-1, 3, bulk("a"), 1)]),
            Value::Array(vec![range(0, 3, bulk("a"), 0)]),
            Value::Array(vec![range(0, 3, bulk("a"), 70_000)]),
            Value::Array(vec![range(0, 3, Value::Int(1), 1)]),
        ] {
            assert_eq!(Topology::of(&answer, &at("a", 1)), None, "{answer:?}");
        }
    }

    proptest! {
        #[test]
        fn ranges_are_never_out_of_reach(ranges in prop::collection::vec((any::<i64>(), -2_i64..16_400, -2_i64..16_400, -1_i64..70_000), 0..20)) {
            let ranges = ranges.into_iter().map(|(wild, first, last, port)| {
                range(if wild == 0 { wild } else { first }, last, bulk("h"), port)
            });
            if let Some(topology) = Topology::of(&Value::Array(ranges.collect()), &at("h", 1)) {
                for slot in 0..SLOTS {
                    if let Some(place) = topology.owner(slot) {
                        prop_assert!(place < topology.primaries().len());
                    }
                }
            }
        }
    }
}
