//! Discrete events: clients come, wait, are served or give up; time jumps from one event to the next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, ms};
use buttress_core::outcome::{Judgement, Outcome, Reached, Ticket};
use buttress_core::sync::Lock;
use buttress_core::{Dice, Problem};
use buttress_overload::Priority;
use buttress_overload::door::{Admission, Guard};

use super::server::{Capacity, Id, Sent, Server, exponential};
use super::tally::Tally;

/// How long a client waits for an answer to one attempt.
const PATIENCE: Duration = ms(250);
/// How often a client tries in all.
const TRIES: u32 = 3;

/// How many clients come in a second, and until when.
pub struct Phase {
    pub until: Duration,
    pub rate: f64,
}

pub struct World<G: Guard> {
    clock: ManualClock,
    began: buttress_core::clock::Moment,
    dice: Dice,
    guard: G,
    server: Server,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    scheduled: u64,
    attempts: Vec<Attempt<G>>,
    woken: Arc<Lock<Vec<Id>>>,
    waiting: BTreeMap<Id, Pin<Box<G::Wait>>>,
    pub tally: Tally,
}

#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Event {
    Arrives,
    Tries(Id),
    Done(Id),
    GivesUp(Id),
}

/// One attempt of a client, as long as he waits for it.
struct Attempt<G: Guard> {
    priority: Priority,
    /// When the client came.
    came: Duration,
    tries: u32,
    ticket: Option<G::Ticket>,
    is_over: bool,
}

struct WakeOf(Id, Arc<Lock<Vec<Id>>>);

impl Wake for WakeOf {
    fn wake(self: Arc<Self>) {
        self.1.lock().push(self.0);
    }
}

impl<G: Guard> World<G> {
    pub fn new(clock: ManualClock, guard: G, capacity: Capacity, seed: u64) -> Self {
        Self {
            began: clock.now(),
            clock,
            dice: Dice::seeded(seed),
            guard,
            server: Server::new(capacity, seed + 1),
            events: BinaryHeap::new(),
            scheduled: 0,
            attempts: Vec::new(),
            woken: Arc::default(),
            waiting: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// Lets it run through these phases, and hands what came of it to `look` after each second.
    pub fn run(&mut self, phases: &[Phase], mut look: impl FnMut(&G, Duration)) {
        self.schedule(Duration::ZERO, Event::Arrives);
        let end = phases.last().map_or(Duration::ZERO, |phase| phase.until);
        let mut next_look = Duration::from_secs(1);
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            if time > end {
                return;
            }
            while next_look <= time {
                look(&self.guard, next_look);
                next_look += Duration::from_secs(1);
            }
            self.clock.advance(time.saturating_sub(self.now()));
            self.happens(event, phases);
            self.wake();
        }
    }

    fn happens(&mut self, event: Event, phases: &[Phase]) {
        match event {
            Event::Arrives => self.arrives(phases),
            Event::Tries(id) => self.tries(id),
            Event::Done(id) => self.done(id),
            Event::GivesUp(id) => self.gives_up(id),
        }
    }

    fn arrives(&mut self, phases: &[Phase]) {
        let now = self.now();
        let priority = self.draw_priority();
        let id = self.attempt(priority, now, 1);
        self.tries(id);
        self.tally.came(now, priority);
        if let Some(phase) = phases.iter().find(|phase| now < phase.until) {
            let pause = exponential(&self.dice, Duration::from_secs_f64(1.0 / phase.rate));
            self.schedule(pause, Event::Arrives);
        }
    }

    fn draw_priority(&self) -> Priority {
        match self.dice.below(100) {
            0..5 => Priority::Critical,
            5..50 => Priority::Normal,
            50..80 => Priority::Low,
            _ => Priority::Background,
        }
    }

    fn tries(&mut self, id: Id) {
        self.schedule(PATIENCE, Event::GivesUp(id));
        match self.guard.admit(self.attempts[id].priority) {
            Admission::In(ticket) => self.send(id, ticket),
            Admission::Out(problem) => self.refused(id, &problem),
            Admission::Wait(wait) => {
                self.waiting.insert(id, Box::pin(wait));
                self.woken.lock().push(id);
            }
        }
    }

    /// Polls those that were woken, until nobody is.
    fn wake(&mut self) {
        loop {
            let Some(id) = self.woken.lock().pop() else { return };
            let Some(wait) = self.waiting.get_mut(&id) else { continue };
            let waker = Waker::from(Arc::new(WakeOf(id, self.woken.clone())));
            let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
            let Poll::Ready(admitted) = polled else { continue };
            self.waiting.remove(&id);
            match admitted {
                Ok(ticket) => self.send(id, ticket),
                Err(problem) => self.refused(id, &problem),
            }
        }
    }

    fn send(&mut self, id: Id, ticket: G::Ticket) {
        self.attempts[id].ticket = Some(ticket);
        match self.server.send(id) {
            Sent::Begun(work) => self.schedule(work, Event::Done(id)),
            Sent::Queued => {}
            Sent::TurnedAway => {
                self.settle(id, Judgement::new(Outcome::Throttled));
                self.try_again(id);
            }
        }
    }

    fn done(&mut self, id: Id) {
        if let Some((next, work)) = self.server.done() {
            self.schedule(work, Event::Done(next));
        }
        if self.attempts[id].is_over {
            return self.tally.in_vain += 1;
        }
        self.attempts[id].is_over = true;
        let (priority, came) = (self.attempts[id].priority, self.attempts[id].came);
        self.tally.served(came, self.now(), priority);
        self.settle(id, Judgement::new(Outcome::Success));
    }

    fn gives_up(&mut self, id: Id) {
        if self.attempts[id].is_over {
            return;
        }
        drop(self.waiting.remove(&id));
        self.settle(id, Judgement::new(Outcome::Failure).with_reached(Reached::Perhaps));
        self.try_again(id);
    }

    fn refused(&mut self, id: Id, _: &Problem) {
        self.try_again(id);
    }

    fn settle(&mut self, id: Id, judgement: Judgement) {
        if let Some(ticket) = self.attempts[id].ticket.take() {
            ticket.settle(judgement);
        }
    }

    fn try_again(&mut self, id: Id) {
        let attempt = &mut self.attempts[id];
        attempt.is_over = true;
        let (priority, came, tries) = (attempt.priority, attempt.came, attempt.tries);
        if tries < TRIES {
            let again = self.attempt(priority, came, tries + 1);
            let pause = ms(100).mul_f64(f64::from(tries) * self.dice.share());
            self.schedule(pause, Event::Tries(again));
        }
    }

    fn attempt(&mut self, priority: Priority, came: Duration, tries: u32) -> Id {
        self.attempts.push(Attempt { priority, came, tries, ticket: None, is_over: false });
        self.attempts.len() - 1
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((self.now() + after, self.scheduled, event)));
    }

    fn now(&self) -> Duration {
        self.clock.now() - self.began
    }
}
