use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use buttress_core::ClientAddress;
use buttress_core::address::Network;
use buttress_core::sync::Lock;

/// How many connections each client has: an IPv4 address, or an IPv6 network of 64 bits.
///
/// Who has none is not kept, so there is never more to remember than connections.
#[derive(Debug, Default)]
struct Counts(HashMap<Network, usize>);

impl Counts {
    fn enter(&mut self, client: Network, most: usize) -> bool {
        let count = self.0.get(&client).copied().unwrap_or_default();
        if count >= most {
            return false;
        }
        self.0.insert(client, count + 1);
        true
    }

    fn leave(&mut self, client: Network) {
        let Some(count) = self.0.get_mut(&client) else { return };
        *count -= 1;
        if *count == 0 {
            self.0.remove(&client);
        }
    }
}

/// The counts, for all connections.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    counts: Arc<Lock<Counts>>,
    most: usize,
    exempt: Arc<[Network]>,
}

impl Addresses {
    pub(super) fn new(most: usize, exempt: Vec<Network>) -> Self {
        Self { counts: Arc::default(), most, exempt: exempt.into() }
    }

    /// A place for a connection from `peer`, or `None` if that client has all of its own.
    pub(super) fn enter(&self, peer: Option<SocketAddr>) -> Option<Place> {
        let Some(peer) = peer.map(ClientAddress::from) else { return Some(Place(None)) };
        if self.exempt.iter().any(|network| network.contains(peer.ip())) {
            return Some(Place(None));
        }
        let client = peer.network();
        let entered = self.counts.lock().enter(client, self.most);
        entered.then(|| Place(Some((client, self.counts.clone()))))
    }
}

/// A place among the connections of one client, given back when dropped.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub(super) struct Place(Option<(Network, Arc<Lock<Counts>>)>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((client, counts)) = &self.0 {
            counts.lock().leave(*client);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn enter(addresses: &Addresses, address: &str) -> Option<Place> {
        addresses.enter(Some(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    #[test]
    fn neighbours_in_a_64_are_one_client_and_who_is_exempt_is_not_counted() {
        let addresses = Addresses::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let _first = enter(&addresses, "2001:db8::1").unwrap();
        let second = enter(&addresses, "2001:db8::2").unwrap();
        assert!(enter(&addresses, "2001:db8::3").is_none());
        assert!(enter(&addresses, "2001:db8:0:1::1").is_some());
        drop(second);
        assert!(enter(&addresses, "2001:db8::3").is_some());
        let many: Vec<_> = (0..9).map(|_| enter(&addresses, "10.1.1.1")).collect();
        assert!(many.iter().all(Option::is_some));
        assert!(addresses.enter(None).is_some());
    }

    proptest! {
        /// None has more than its share, and at the end nothing is left.
        #[test]
        fn counts_are_exact(steps in prop::collection::vec((0_u8..4, any::<bool>()), 0..200)) {
            let addresses = Addresses::new(3, Vec::new());
            let mut held: Vec<Vec<Place>> = (0..4).map(|_| Vec::new()).collect();
            for (client, comes) in steps {
                let places = &mut held[usize::from(client)];
                if comes {
                    let place = enter(&addresses, &format!("192.0.2.{client}"));
                    prop_assert_eq!(place.is_some(), places.len() < 3);
                    places.extend(place);
                } else {
                    places.pop();
                }
            }
            drop(held);
            prop_assert!(addresses.counts.lock().0.is_empty());
        }
    }
}
