//! One tells, many hear, and nobody waits for anybody.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;

/// Where news are told.
#[derive(Debug)]
pub(crate) struct Broadcast<T> {
    queues: Lock<Vec<Weak<Queue<T>>>>,
}

/// Where they are heard. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Listener<T> {
    queue: Arc<Queue<T>>,
}

/// What a [`Listener`] hears.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Heard<T> {
    News(T),
    /// So many were told that it had no room for. They came before whatever it hears next.
    Missed(u64),
}

/// Those who wait for what was told. They are woken apart from that, because a waker is foreign code: it must not run
/// under a lock of whoever tells, and its panic is not theirs. Dropping it wakes them, so that they are also if
/// somebody else panics.
#[must_use = "they are woken when it is dropped"]
#[derive(Debug)]
pub(crate) struct Sleepers(Vec<Waker>);

#[derive(Debug)]
struct Queue<T> {
    room: usize,
    held: Lock<Held<T>>,
}

#[derive(Debug)]
struct Held<T> {
    news: VecDeque<T>,
    missed: u64,
    sleeper: Option<Waker>,
    /// Whether there is nobody left who could tell.
    ended: bool,
}

impl<T: Clone> Broadcast<T> {
    /// Hears what is told from now on, of which so many wait to be asked for, at least one.
    pub(crate) fn listen(&self, room: usize) -> Listener<T> {
        let held = Held { news: VecDeque::new(), missed: 0, sleeper: None, ended: false };
        let queue = Arc::new(Queue { room: room.max(1), held: Lock::new(held) });
        let mut queues = self.queues.lock();
        // Else where nothing is ever told, those who are gone would be kept for ever.
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Arc::downgrade(&queue));
        drop(queues);
        Listener { queue }
    }

    /// Tells it. It runs no foreign code, so a lock may be held; not so while they are woken.
    pub(crate) fn tell(&self, news: &T) -> Sleepers {
        let mut sleepers = Vec::new();
        self.queues.lock().retain(|queue| {
            let Some(queue) = queue.upgrade() else { return false };
            sleepers.extend(queue.push(news.clone()));
            true
        });
        Sleepers(sleepers)
    }
}

impl<T> Default for Broadcast<T> {
    fn default() -> Self {
        Self { queues: Lock::default() }
    }
}

impl<T> Drop for Broadcast<T> {
    fn drop(&mut self) {
        let queues = std::mem::take(&mut *self.queues.lock());
        let ended = queues.iter().filter_map(Weak::upgrade).filter_map(|queue| {
            let mut held = queue.held.lock();
            held.ended = true;
            held.sleeper.take()
        });
        Sleepers(ended.collect()).wake();
    }
}

impl<T> Queue<T> {
    /// What is oldest gives way: who lags behind wants to know how things are, rather than how they were.
    fn push(&self, news: T) -> Option<Waker> {
        let mut held = self.held.lock();
        if held.news.len() >= self.room {
            held.news.pop_front();
            held.missed = held.missed.saturating_add(1);
        }
        held.news.push_back(news);
        held.sleeper.take()
    }
}

impl Sleepers {
    /// Wakes them now.
    pub(crate) fn wake(self) {
        drop(self);
    }
}

impl FromIterator<Waker> for Sleepers {
    fn from_iter<I: IntoIterator<Item = Waker>>(wakers: I) -> Self {
        Self(wakers.into_iter().collect())
    }
}

/// Each by itself.
impl Drop for Sleepers {
    fn drop(&mut self) {
        for sleeper in self.0.drain(..) {
            // The panic hook has said it; the breaker goes on, and so do the others who listen.
            let _ = catch_unwind(AssertUnwindSafe(|| sleeper.wake()));
        }
    }
}

impl<T> Listener<T> {
    /// What comes next; nothing once there is nobody who could tell.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Heard<T>>> {
        // Foreign code, as is the end of the last of its kind: both outside of the lock.
        let waker = cx.waker().clone();
        let mut held = self.queue.held.lock();
        if let Some(heard) = held.take() {
            return Poll::Ready(Some(heard));
        }
        if held.ended {
            return Poll::Ready(None);
        }
        let old = held.sleeper.replace(waker);
        drop(held);
        drop(old);
        Poll::Pending
    }

    /// What is there already.
    pub(crate) fn try_next(&mut self) -> Option<Heard<T>> {
        self.queue.held.lock().take()
    }
}

impl<T> Held<T> {
    fn take(&mut self) -> Option<Heard<T>> {
        match std::mem::take(&mut self.missed) {
            0 => self.news.pop_front().map(Heard::News),
            missed => Some(Heard::Missed(missed)),
        }
    }
}

#[cfg(test)]
mod tests;
