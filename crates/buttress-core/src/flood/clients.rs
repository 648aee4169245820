//! Who is refused again and again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use super::tally::{self, Tally};
use crate::address::Network;
use crate::clock::Moment;

/// How many clients are told apart at once.
const CLIENTS: u16 = 4_096;

/// Finds the clients that are refused again and again.
///
/// A table of fixed size, 32 KiB. Clients that fall into the same place count together: so a flood is always
/// found, and one client in 4,096 has a neighbour's flood on its account, which costs it the details of its
/// refusals. The hash has a random key, so nobody outside can choose a neighbour.
pub(crate) struct Clients {
    most: u32,
    window: Duration,
    hasher: RandomState,
    places: Box<[Tally]>,
}

impl Clients {
    pub(crate) fn new(most: u32, window: Duration) -> Self {
        let places = (0..CLIENTS).map(|_| Tally::default()).collect();
        Self { most, window, hasher: RandomState::new(), places }
    }

    /// Counts a refusal, and says whether this client had enough of them in this window.
    pub(crate) fn is_flooded(&self, client: Network, now: Moment) -> bool {
        let [low, high, ..] = self.hasher.hash_one(client).to_le_bytes();
        let place = u16::from_le_bytes([low, high]) % CLIENTS;
        self.places[usize::from(place)].count(tally::window(now, self.window)).before >= self.most
    }
}
