//! What is done for all breakers of a fleet that have joined in this process.

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_core::metrics::{Counter, Gauge, Metrics};
use buttress_core::sync::Lock;
use buttress_core::{Key, Keyer};
use tokio::sync::Mutex;

use super::contact::Contact;
use super::meters::{FAILURES, MEMBERS, VOTES};
use super::part::{Act, Part};
use super::standing::{Opinion, Standing};
use super::votes::{Asked, Tally, Votes};
use super::{EVERY, Quorum};
use crate::Breaker;

/// What all handles of a fleet share.
pub(super) struct Core<V: Votes> {
    pub(super) votes: V,
    pub(super) quorum: Quorum,
    pub(super) name: Cow<'static, str>,
    pub(super) member: Key,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) contact: Contact,
    pub(super) metrics: Metrics,
    pub(super) failures: Counter,
    pub(super) seats: Lock<Vec<Arc<Seat>>>,
    /// What asks; it begins with the first breaker.
    pub(super) watch: OnceLock<V::Watch>,
    /// One question at a time: whoever joins asks at once, beside the watch.
    turn: Mutex<()>,
}

/// One breaker that has joined.
pub(super) struct Seat {
    pub(super) breaker: Breaker,
    part: Lock<Part>,
    /// The generation of the breaker that was voted about. One vote at a time is on its way, so none overtakes another.
    voted: Mutex<Option<u32>>,
    members: Gauge,
    votes: Gauge,
}

/// A vote lasts long enough to be seen by all.
const SHORTEST: Duration = EVERY.saturating_mul(2);
/// And never so long that nobody knows who cast it. What is open for longer votes again.
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl<V: Votes> Core<V> {
    pub(super) fn new(
        votes: V,
        quorum: Quorum,
        name: Cow<'static, str>,
        metrics: Metrics,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            votes,
            quorum,
            member: Keyer::random().writer().key(),
            clock,
            contact: Contact::default(),
            failures: metrics.bind(&FAILURES, [&name]),
            name,
            metrics,
            seats: Lock::default(),
            watch: OnceLock::new(),
            turn: Mutex::new(()),
        }
    }

    pub(super) fn seat(&self, breaker: Breaker) -> Seat {
        let labels = [&self.name, breaker.name()];
        let members = self.metrics.bind(&MEMBERS, labels);
        let votes = self.metrics.bind(&VOTES, labels);
        Seat { breaker, part: Lock::new(Part::new()), voted: Mutex::new(None), members, votes }
    }

    /// Hears how all of them stand, and does what follows from that. Never fails: it is asked again soon.
    pub(super) async fn round(&self) {
        let _turn = self.turn.lock().await;
        let seats = self.seats.lock().clone();
        if seats.is_empty() {
            return;
        }
        let asked = self.clock.now();
        let before: Vec<_> = seats.iter().map(|seat| Standing::of(&seat.breaker)).collect();
        let both = || seats.iter().zip(&before);
        let questions: Vec<_> = both().map(|(seat, before)| seat.asked(before)).collect();
        let tallies = match self.votes.read(self.member, &questions).await {
            Ok(tallies) => tallies,
            Err(error) => return self.failed(&error),
        };
        if self.contact.heard(asked) {
            let fleet = &*self.name;
            tracing::info!(target: "buttress", fleet, "breakers decide together again");
        }
        for ((seat, before), tally) in both().zip(&tallies) {
            seat.hear(tally, before, self.quorum, &*self.clock);
        }
        // One after the other, each would delay what an operator orders meanwhile.
        let votes = seats.iter().zip(&tallies);
        at_once(votes.map(|(seat, tally)| self.settle(seat, Some(tally.has_voted())))).await;
    }

    /// Makes what the store has of this process's vote what the process thinks. `told` is whether it has one, where
    /// that was just heard: so what could not be said, or was lost, is said again.
    pub(super) async fn settle(&self, seat: &Seat, told: Option<bool>) -> Result<(), V::Error> {
        let mut voted = seat.voted.lock().await;
        let (breaker, standing) = (seat.breaker.name(), Standing::of(&seat.breaker));
        let generation = Some(standing.generation);
        match standing.opinion() {
            Opinion::Down(left) if *voted != generation || told == Some(false) => {
                let lasts = left.clamp(SHORTEST, LONGEST);
                self.votes.vote(breaker, self.member, lasts).await?;
                *voted = generation;
            }
            Opinion::None if voted.is_some() || told == Some(true) => {
                self.votes.withdraw(breaker, self.member).await?;
                *voted = None;
            }
            _ => {}
        }
        Ok(())
    }

    /// Not while it is asked, which would say that this process is there.
    pub(super) async fn leave(&self, seat: &Seat) {
        let _turn = self.turn.lock().await;
        // What nobody takes back ends by itself.
        let _ = self.votes.leave(seat.breaker.name(), self.member).await;
    }

    fn failed(&self, error: &V::Error) {
        self.failures.increment(1);
        if self.contact.failed(self.clock.now()) {
            let fleet = &*self.name;
            tracing::warn!(target: "buttress", fleet, %error, "breakers decide alone");
        }
    }
}

/// Waits for all of them, whatever comes of each.
async fn at_once<F: Future>(all: impl Iterator<Item = F>) {
    let mut left: Vec<_> = all.map(Box::pin).collect();
    poll_fn(|cx| {
        left.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if left.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Seat {
    fn asked(&self, standing: &Standing) -> Asked<'_> {
        self.part.lock().asked(self.breaker.name(), standing)
    }

    /// `before` is how it stood when that was asked.
    fn hear(&self, tally: &Tally, before: &Standing, quorum: Quorum, clock: &dyn Clock) {
        let standing = Standing::of(&self.breaker);
        let (act, members) = {
            let mut part = self.part.lock();
            (part.hear(tally, &standing, quorum, clock.now()), part.members())
        };
        self.members.set(f64::from(members));
        self.votes.set(f64::from(tally.votes()));
        // Not under the lock: whoever listens to the breaker may be anybody.
        match act {
            Some(Act::Force(force)) => self.breaker.force(force),
            // If it moved meanwhile, some of these votes may be older than that: it asks again soon.
            Some(Act::Trip(_)) if standing.generation != before.generation => {}
            Some(Act::Trip(trip)) => drop(self.breaker.trip(trip)),
            None => {}
        }
    }
}
