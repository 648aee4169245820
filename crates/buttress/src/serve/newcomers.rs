use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use buttress_core::ClientAddress;
use buttress_core::address::Network;
use buttress_core::sync::Lock;

use super::link::Link;

/// So many newcomers have a turn in a round if nobody waits, and so many are accepted.
pub(super) const ROOM: usize = 4;

/// Of those who wait, one in so many has a turn in a round. So a crowd of 10,000 waits for 400 rounds at most.
const SHARE: usize = 64;

/// Who came, and waits for the end of a first answer.
///
/// A crowd that comes at once has few turns at a time, and between two rounds everybody else has one: or who is here
/// already would wait for all of it. With no more newcomers than have room in a round, nobody waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Newcomers(Arc<Lock<State>>);

#[derive(Debug, Default)]
struct State {
    rounds: Rounds<Arc<Link>>,
    /// Begins the rounds.
    keeper: Option<Waker>,
}

impl Newcomers {
    /// Whether a connection has its turn now. If not it is [invited](Link::invite) later, once.
    pub(super) fn ask(&self, client: Client, link: &Arc<Link>) -> bool {
        let mut state = self.0.lock();
        let now = state.rounds.ask(client, link);
        if state.rounds.is_over()
            && let Some(keeper) = state.keeper.take()
        {
            drop(state);
            keeper.wake();
        }
        now
    }

    /// Waits until as many have had a turn as have room in a round.
    pub(super) fn poll_over(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.rounds.is_over() {
            return Poll::Ready(());
        }
        if !state.keeper.as_ref().is_some_and(|keeper| keeper.will_wake(cx.waker())) {
            state.keeper = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Begins a round; says for how many more there is room in it.
    pub(super) fn next_round(&self) -> usize {
        let (room, invited) = self.0.lock().rounds.next();
        for link in invited {
            link.invite();
        }
        room
    }
}

/// A client as limits know it; nobody behind a Unix socket.
pub(super) type Client = Option<Network>;

pub(super) fn client(peer: Option<SocketAddr>) -> Client {
    peer.map(|peer| ClientAddress::from(peer).network())
}

/// Whose turn it is: by client, each in its order.
#[derive(Debug)]
struct Rounds<T> {
    /// Turns in this round; if there are any, nobody waits.
    left: usize,
    waits: usize,
    waiting: HashMap<Client, VecDeque<T>>,
    /// The clients who wait, each once.
    order: VecDeque<Client>,
}

impl<T> Default for Rounds<T> {
    fn default() -> Self {
        Self { left: ROOM, waits: 0, waiting: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T: Clone> Rounds<T> {
    fn ask(&mut self, client: Client, who: &T) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return true;
        }
        let queue = self.waiting.entry(client).or_default();
        if queue.is_empty() {
            self.order.push_back(client);
        }
        queue.push_back(who.clone());
        self.waits += 1;
        false
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }

    /// The room in the next round, and whose it is.
    fn next(&mut self) -> (usize, Vec<T>) {
        let room = if self.waits == 0 { ROOM } else { self.waits.div_ceil(SHARE) };
        let invited: Vec<T> = (0..room).map_while(|_| self.first()).collect();
        self.left = room - invited.len();
        (room, invited)
    }

    fn first(&mut self) -> Option<T> {
        let client = self.order.pop_front()?;
        let queue = self.waiting.get_mut(&client)?;
        let first = queue.pop_front();
        self.waits -= 1;
        if queue.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.order.push_back(client);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(name: u8) -> Network {
        format!("192.0.2.{name}").parse().unwrap()
    }

    #[test]
    fn few_have_a_turn_and_who_comes_from_elsewhere_is_among_the_first() {
        let mut rounds = Rounds::default();
        for who in 0..200 {
            assert_eq!(rounds.ask(Some(client(1)), &who), who < ROOM);
        }
        assert!(!rounds.ask(Some(client(2)), &1_000) && !rounds.ask(None, &2_000));
        assert_eq!(rounds.next(), (4, vec![4, 1_000, 2_000, 5]));
        assert_eq!(rounds.next(), (4, vec![6, 7, 8, 9]));
        assert_eq!(rounds.next(), (3, vec![10, 11, 12]));
        assert!(rounds.is_over());
    }

    /// Whether those who had their turn are gone, or ask again at once.
    #[test]
    fn nobody_waits_for_long() {
        for insists in [false, true] {
            let mut rounds = Rounds::default();
            let mut turns = vec![0; 10_000];
            (0..turns.len()).for_each(|who| turns[who] += usize::from(rounds.ask(None, &who)));
            for _ in 0..400 {
                for who in rounds.next().1 {
                    turns[who] += 1;
                    assert!(!insists || !rounds.ask(None, &who));
                }
            }
            assert!(turns.iter().all(|turns| *turns > 0), "{insists}");
        }
    }

    #[test]
    fn nobody_waits_where_nobody_comes() {
        let mut rounds = Rounds::default();
        for _ in 0..10 {
            assert!((0..ROOM).all(|who| rounds.ask(Some(client(1)), &who)));
            assert!(rounds.is_over());
            assert_eq!(rounds.next(), (ROOM, Vec::new()));
        }
        assert!(!rounds.is_over());
    }

    proptest! {
        /// Everybody has the turn that was asked for, one client's in their order, and nothing is kept of it.
        #[test]
        fn nobody_is_forgotten(steps in prop::collection::vec(prop::option::of(0_u8..4), 0..200)) {
            let (mut rounds, mut asked, mut served) = (Rounds::default(), Vec::new(), Vec::new());
            for (number, step) in steps.into_iter().enumerate() {
                let Some(from) = step else { served.extend(rounds.next().1); continue };
                asked.push((from, number));
                if rounds.ask(Some(client(from)), &(from, number)) { served.push((from, number)) }
            }
            for _ in 0..=asked.len() {
                let (room, turns) = rounds.next();
                prop_assert!(room <= ROOM && turns.len() <= room);
                served.extend(turns);
            }
            asked.sort_by_key(|(from, _)| *from);
            served.sort_by_key(|(from, _)| *from);
            prop_assert_eq!(served, asked);
            prop_assert!(rounds.waiting.is_empty() && rounds.order.is_empty());
        }
    }
}
