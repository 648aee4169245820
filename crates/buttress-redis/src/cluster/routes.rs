use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::Moment;

use super::topology::Topology;
use crate::address::Address;
use crate::node::Node;

/// The servers of a cluster, and the way to each slot.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    pub(super) topology: Topology,
    /// The primaries, in the order of the topology.
    primaries: Vec<Arc<Node>>,
    /// Those that are no primaries: one that takes its first slot over, or that has just lost its last.
    guests: Vec<Guest>,
}

#[derive(Clone, Debug)]
struct Guest {
    address: Address,
    node: Arc<Node>,
    until: Moment,
}

/// More guests than this are not kept: the one that came first leaves.
const GUESTS: usize = 16;

impl Routes {
    /// The routes of a topology. Servers that are known stay connected, others are started; those that left stay for
    /// `grace`, so that they can finish what they were asked.
    pub(super) fn next(
        &self,
        topology: Topology,
        now: Moment,
        grace: Duration,
        mut start: impl FnMut(&Address) -> Arc<Node>,
    ) -> Self {
        let nodes = topology
            .primaries()
            .iter()
            .map(|primary| self.node(primary).cloned().unwrap_or_else(|| start(primary)));
        let primaries = nodes.collect();
        let left = self.topology.primaries().iter().zip(&self.primaries).map(|(address, node)| {
            Guest { address: address.clone(), node: node.clone(), until: now + grace }
        });
        let mut guests: Vec<_> = self.guests.iter().cloned().chain(left).collect();
        guests.retain(|guest| guest.until > now && !topology.primaries().contains(&guest.address));
        guests.drain(..guests.len().saturating_sub(GUESTS));
        Self { topology, primaries, guests }
    }

    /// The same with one server more.
    pub(super) fn with_guest(&self, address: &Address, node: Arc<Node>, until: Moment) -> Self {
        let mut guests = self.guests.clone();
        guests.push(Guest { address: address.clone(), node, until });
        guests.drain(..guests.len().saturating_sub(GUESTS));
        Self { topology: self.topology.clone(), primaries: self.primaries.clone(), guests }
    }

    /// The server of a slot.
    pub(super) fn owner(&self, slot: u16) -> Option<&Arc<Node>> {
        self.primaries.get(self.topology.owner(slot)?)
    }

    pub(super) fn address_of(&self, slot: u16) -> Option<&Address> {
        self.topology.primaries().get(self.topology.owner(slot)?)
    }

    /// The address of a primary that is connected, beginning anywhere.
    pub(super) fn living(&self, random: u64) -> Option<&Address> {
        let all = self.topology.primaries().iter().zip(&self.primaries);
        let count = u64::try_from(self.primaries.len().max(1)).unwrap_or(1);
        let first = usize::try_from(random % count).unwrap_or(0);
        let (mut from, mut before) = (all.clone().skip(first), all.take(first));
        let is_living = |(_, node): &(&Address, &Arc<Node>)| node.link(0).is_some();
        from.find(is_living).or_else(|| before.find(is_living)).map(|(address, _)| address)
    }

    /// The server at an address, be it a guest.
    pub(super) fn node(&self, address: &Address) -> Option<&Arc<Node>> {
        let primaries = self.topology.primaries().iter().zip(&self.primaries);
        let guests = self.guests.iter().map(|guest| (&guest.address, &guest.node));
        primaries.chain(guests).find_map(|(at, node)| (at == address).then_some(node))
    }

    pub(super) fn primaries(&self) -> &[Arc<Node>] {
        &self.primaries
    }

    /// How many primaries are connected, and how many there are.
    pub(super) fn connected(&self) -> (usize, usize) {
        let up = self.primaries.iter().filter(|node| node.link(0).is_some()).count();
        (up, self.primaries.len())
    }

    pub(super) fn has_guests(&self) -> bool {
        !self.guests.is_empty()
    }

    /// All is as it should be: nothing has to be asked soon.
    pub(super) fn is_well(&self) -> bool {
        let (up, all) = self.connected();
        all > 0 && up == all && self.topology.is_whole()
    }
}
