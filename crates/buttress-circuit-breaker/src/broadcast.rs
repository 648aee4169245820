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

/// Those who wait for what was told. They are woken apart from that, because a waker is foreign code: it must not run under
/// a lock of whoever tells, and its panic is not theirs.
#[must_use = "nobody hears of it until they are woken"]
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
        self.queues.lock().push(Arc::downgrade(&queue));
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
    /// Wakes them, each by itself.
    pub(crate) fn wake(self) {
        for sleeper in self.0 {
            // The panic hook has said it; the breaker goes on, and so do the others who listen.
            let _ = catch_unwind(AssertUnwindSafe(|| sleeper.wake()));
        }
    }
}

impl<T> Listener<T> {
    /// What comes next; nothing once there is nobody who could tell.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Heard<T>>> {
        let mut held = self.queue.held.lock();
        if let Some(heard) = held.take() {
            return Poll::Ready(Some(heard));
        }
        if held.ended {
            return Poll::Ready(None);
        }
        let old = held.sleeper.replace(cx.waker().clone());
        drop(held);
        // Foreign code too, when it is the last of its kind.
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use proptest::prelude::*;

    use super::*;

    fn poll<T>(listener: &mut Listener<T>, waker: &Waker) -> Poll<Option<Heard<T>>> {
        listener.poll_next(&mut Context::from_waker(waker))
    }

    /// Counts how often it was woken, and panics if it shall.
    #[derive(Default)]
    struct Bell {
        rung: AtomicUsize,
        broken: bool,
    }

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.rung.fetch_add(1, Ordering::SeqCst);
            assert!(!self.broken, "this bell is broken");
        }
    }

    #[test]
    fn all_hear_it_and_nobody_waits_for_who_does_not_listen() {
        let broadcast = Broadcast::default();
        let (mut one, mut other) = (broadcast.listen(2), broadcast.listen(8));
        for news in 1..=5 {
            broadcast.tell(&news).wake();
        }
        let all = |of: &mut Listener<i32>| std::iter::from_fn(|| of.try_next()).collect::<Vec<_>>();
        assert_eq!(all(&mut one), [Heard::Missed(3), Heard::News(4), Heard::News(5)]);
        assert_eq!(all(&mut other), [1, 2, 3, 4, 5].map(Heard::News));
        drop(one);
        broadcast.tell(&6).wake();
        assert_eq!(broadcast.queues.lock().len(), 1, "who is gone is forgotten");
        drop(broadcast);
        assert_eq!(poll(&mut other, Waker::noop()), Poll::Ready(Some(Heard::News(6))));
        assert_eq!(poll(&mut other, Waker::noop()), Poll::Ready(None), "and that was all");
    }

    #[test]
    fn who_sleeps_is_woken_also_by_the_end() {
        let (broadcast, bell) = (Broadcast::default(), Arc::new(Bell::default()));
        let (mut listener, waker) = (broadcast.listen(1), Waker::from(bell.clone()));
        let rung = || bell.rung.load(Ordering::SeqCst);
        assert!(poll(&mut listener, &waker).is_pending());
        let sleepers = broadcast.tell(&());
        assert_eq!(rung(), 0, "not while it is told");
        sleepers.wake();
        assert_eq!(rung(), 1);
        assert!(poll(&mut listener, &waker).is_ready() && poll(&mut listener, &waker).is_pending());
        drop(broadcast);
        assert_eq!((rung(), poll(&mut listener, &waker)), (2, Poll::Ready(None)));
    }

    /// A waker is foreign code.
    #[test]
    fn a_panicking_listener_changes_nothing() {
        let broadcast = Broadcast::default();
        let broken = Waker::from(Arc::new(Bell { broken: true, ..Bell::default() }));
        let bell = Arc::new(Bell::default());
        let (mut one, mut other) = (broadcast.listen(4), broadcast.listen(4));
        for news in 0..2 {
            assert!(poll(&mut one, &broken).is_pending());
            assert!(poll(&mut other, &Waker::from(bell.clone())).is_pending());
            broadcast.tell(&news).wake();
            assert_eq!(one.try_next(), Some(Heard::News(news)), "it was told all the same");
            assert_eq!(other.try_next(), Some(Heard::News(news)));
        }
        assert_eq!(bell.rung.load(Ordering::SeqCst), 2, "and the others are woken");
    }

    proptest! {
        /// However it is told and asked for: what is heard and what was missed are all that was told, in its order.
        #[test]
        fn nothing_is_missed_without_a_number(
            room in 1_usize..6,
            steps in prop::collection::vec(any::<bool>(), 0..100),
        ) {
            let broadcast = Broadcast::default();
            let (mut listener, mut told, mut next) = (broadcast.listen(room), 0_u64, 0_u64);
            let steps = steps.into_iter().chain(std::iter::repeat_n(false, room + 1));
            for tells in steps {
                if tells {
                    broadcast.tell(&told).wake();
                    told += 1;
                    continue;
                }
                match listener.try_next() {
                    Some(Heard::News(news)) => {
                        prop_assert_eq!(news, next);
                        next += 1;
                    }
                    Some(Heard::Missed(missed)) => next += missed,
                    None => prop_assert_eq!(next, told),
                }
            }
            prop_assert_eq!(next, told);
        }
    }
}
