use std::task::Waker;
use std::time::Duration;

use buttress_core::clock::Moment;

use super::Codel;
use crate::Priority;
use crate::queue::{Number, Queue};
use crate::slots::Slots;

/// Who waits for a slot, and who has waited in vain: under a lock, and pure.
///
/// The highest priority is served first. Within one it is first come, first served, until its queue stands: then calls
/// that have waited too long are sent away, and of the others the last to come is served first, as its caller is most
/// likely still there.
pub(super) struct Line {
    queue: Queue,
    codels: [Codel; Priority::ALL.len()],
    at_most: Duration,
}

/// What has been done for somebody, who is to be woken outside of the lock.
pub(super) enum Step {
    /// A slot was taken for it. How long it has waited.
    Called(Option<Waker>, Duration),
    /// It was sent away.
    SentAway(Option<Waker>, Priority),
}

impl Line {
    pub(super) fn new(room: u32, codel: Codel, at_most: Duration) -> Self {
        Self { queue: Queue::new(room), codels: [codel; Priority::ALL.len()], at_most }
    }

    pub(super) fn queue(&mut self) -> &mut Queue {
        &mut self.queue
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn waiting(&self) -> u32 {
        self.queue.waiting()
    }

    /// Whether somebody waits who goes before a newcomer of this priority.
    pub(super) fn is_before(&self, priority: Priority) -> bool {
        self.queue.highest().is_some_and(|highest| highest >= priority)
    }

    /// Does the next thing that there is to do, if there is any.
    pub(super) fn step(&mut self, slots: &Slots, now: Moment) -> Option<Step> {
        let highest = self.queue.highest()?;
        if let Some(sent) = Priority::ALL.iter().find_map(|priority| self.send_away(*priority, now))
        {
            return Some(sent);
        }
        if !slots.take_called(highest) {
            return None;
        }
        self.queue.newest_first(self.codels[highest.rank()].is_standing(now));
        let called = self.queue.call()?;
        if self.queue.oldest(highest).is_none() {
            // Nobody had to wait for anybody else.
            let _never = self.codels[highest.rank()].refuses(Duration::ZERO, now);
        }
        Some(Step::Called(called.waker, now - called.since))
    }

    /// Sends away who has waited longest, if that was too long.
    fn send_away(&mut self, priority: Priority, now: Moment) -> Option<Step> {
        let (number, since) = self.queue.oldest(priority)?;
        let waited = now - since;
        let is_late = waited >= self.at_most;
        if !self.codels[priority.rank()].refuses(waited, now) && !is_late {
            return None;
        }
        Some(Step::SentAway(self.queue.send_away(number), priority))
    }

    /// Gives a place up; whether a slot was taken for it. The waker is to be dropped outside of the lock.
    pub(super) fn leave(&mut self, number: Number) -> (bool, Option<Waker>) {
        self.queue.leave(number)
    }

    pub(super) fn is_standing(&self, priority: Priority, now: Moment) -> bool {
        self.codels[priority.rank()].is_standing(now)
    }
}
