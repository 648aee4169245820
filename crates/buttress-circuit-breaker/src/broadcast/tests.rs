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

/// A health page that listens for a moment, again and again, to a breaker that never moves.
#[test]
fn who_is_gone_is_forgotten_though_nothing_is_told() {
    let broadcast = Broadcast::<()>::default();
    let stays = broadcast.listen(1);
    for _ in 0..100 {
        drop(broadcast.listen(1));
    }
    assert!(broadcast.queues.lock().len() <= 2, "{broadcast:?}");
    drop(stays);
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
