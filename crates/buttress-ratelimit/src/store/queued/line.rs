use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use buttress_core::Key;
use buttress_core::clock::Timer;
use buttress_core::sync::Lock;

use crate::{Charges, Limits, MOST_POLICIES, Verdict};

/// Who waits: those that are charged alike stand in one line.
///
/// A line has as many turns as waiters, and the first turn is that of the first waiter. Who leaves makes the last turn
/// superfluous, and everybody behind moves up.
pub(super) struct Lines<T: Timer>(Lock<HashMap<Box<[Asked]>, Line<T>>>);

/// One charge, without what was noted on it later.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct Asked {
    key: Key,
    cost: u32,
    policy: u8,
}

struct Line<T: Timer> {
    /// In the order in which they came.
    waiters: VecDeque<Waiter>,
    /// In the order of their times.
    turns: VecDeque<Due<T>>,
    /// How many ever stood here.
    came: u64,
}

struct Waiter {
    number: u64,
    waker: Option<Waker>,
}

struct Due<T: Timer> {
    /// Nanoseconds on the time line of the store.
    at: u64,
    sleep: Pin<Box<T::Sleep>>,
    taken: Taken,
}

/// What was taken for a turn.
pub(super) struct Taken {
    pub(super) verdict: Verdict,
    pub(super) limits: Limits,
    pub(super) charges: Charges,
}

impl<T: Timer> Lines<T> {
    pub(super) fn new() -> Self {
        Self(Lock::new(HashMap::new()))
    }

    /// Joins the line of these charges, with the turn that the store gave; the number of the waiter in it.
    pub(super) fn join(&self, asked: &Charges, taken: Taken, timer: &T) -> u64 {
        let sleep = Box::pin(timer.sleep(taken.verdict.delay()));
        let due = Due { at: taken.verdict.turn(), sleep, taken };
        let mut lines = self.0.lock();
        let (asked, count) = written(asked);
        let asked = &asked[..count];
        if !lines.contains_key(asked) {
            lines.insert(asked.into(), Line::new());
        }
        let Some(line) = lines.get_mut(asked) else { return 0 };
        let number = line.came;
        line.came += 1;
        // Two that asked at the same time may come here in the other order.
        let at = line.turns.partition_point(|turn| turn.at <= due.at);
        line.turns.insert(at, due);
        line.waiters.push_back(Waiter { number, waker: None });
        let moved = line.wakers(at);
        drop(lines);
        moved.into_iter().for_each(Waker::wake);
        number
    }

    /// What was taken for this waiter, once it is its turn. Then it has left the line.
    pub(super) fn poll(
        &self,
        asked: &Charges,
        number: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Taken>> {
        let mut lines = self.0.lock();
        let (asked, count) = written(asked);
        let asked = &asked[..count];
        let Some((line, at)) = find(&mut lines, asked, number) else { return Poll::Ready(None) };
        if line.turns[at].sleep.as_mut().poll(cx).is_pending() {
            let old = line.waiters[at].waker.replace(cx.waker().clone());
            drop(lines);
            drop(old);
            return Poll::Pending;
        }
        let (waiter, due) = (line.waiters.remove(at), line.turns.remove(at));
        if line.waiters.is_empty() {
            lines.remove(asked);
        }
        drop(lines);
        drop(waiter);
        Poll::Ready(due.map(|due| due.taken))
    }

    /// Leaves the line: everybody behind moves up by one, and what was taken for the last turn is to be given back.
    pub(super) fn leave(&self, asked: &Charges, number: u64) -> Option<Taken> {
        let mut lines = self.0.lock();
        let (asked, count) = written(asked);
        let asked = &asked[..count];
        let (line, at) = find(&mut lines, asked, number)?;
        let (waiter, last) = (line.waiters.remove(at), line.turns.pop_back());
        let moved = line.wakers(at);
        if line.waiters.is_empty() {
            lines.remove(asked);
        }
        drop(lines);
        // Outside of the lock: a waker may own a task, and that another place in a line.
        drop(waiter);
        moved.into_iter().for_each(Waker::wake);
        last.map(|due| due.taken)
    }
}

impl<T: Timer> Line<T> {
    fn new() -> Self {
        Self { waiters: VecDeque::new(), turns: VecDeque::new(), came: 0 }
    }

    /// Those from here on have another turn now, and have to look at it.
    fn wakers(&mut self, from: usize) -> Vec<Waker> {
        let moved = self.waiters.iter_mut().skip(from);
        moved.filter_map(|waiter| waiter.waker.take()).collect()
    }
}

type Map<T> = HashMap<Box<[Asked]>, Line<T>>;

/// The line, and where in it the waiter stands: numbers rise.
fn find<'a, T: Timer>(
    lines: &'a mut Map<T>,
    asked: &[Asked],
    number: u64,
) -> Option<(&'a mut Line<T>, usize)> {
    let line = lines.get_mut(asked)?;
    let at = line.waiters.binary_search_by_key(&number, |waiter| waiter.number).ok()?;
    Some((line, at))
}

/// What a line is known by.
fn written(charges: &Charges) -> ([Asked; MOST_POLICIES], usize) {
    let nothing = Asked { key: Key::from_bytes([0; 16]), cost: 0, policy: 0 };
    let mut all = [nothing; MOST_POLICIES];
    for (place, charge) in all.iter_mut().zip(charges.as_slice()) {
        *place = Asked { key: charge.key(), cost: charge.cost(), policy: charge.policy() };
    }
    (all, charges.as_slice().len())
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::time::Duration;

    use buttress_core::clock::ManualClock;
    use buttress_core::key::Keyer;

    use super::*;
    use crate::{Charge, Quota};

    const SECOND: Duration = Duration::from_secs(1);

    fn charges(name: &str) -> Charges {
        let mut charges = Charges::new();
        assert!(charges.push(Charge::new(0, Keyer::from(SEED).key_of([name]), 1)));
        charges
    }

    const SEED: buttress_core::KeySeed = buttress_core::KeySeed::from_bytes([7; 16]);

    /// Taken, with a turn in so many seconds.
    fn taken(charges: &Charges, seconds: u32) -> Taken {
        let limits = [Quota::per_second(1).check().unwrap()].into_iter().collect();
        Taken { verdict: Verdict::taken().at(0).after(SECOND * seconds), limits, charges: *charges }
    }

    fn polled(lines: &Lines<ManualClock>, asked: &Charges, number: u64) -> Option<Duration> {
        match lines.poll(asked, number, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => taken.map(|taken| taken.verdict.delay()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn who_joined_first_goes_first_whatever_turn_it_brought() {
        let (lines, clock, ada) = (Lines::new(), ManualClock::new(), charges("ada"));
        let numbers = [2, 1].map(|turn| lines.join(&ada, taken(&ada, turn), &clock));
        clock.advance(SECOND);
        assert_eq!(polled(&lines, &ada, numbers[1]), None);
        assert_eq!(polled(&lines, &ada, numbers[0]), Some(SECOND));
        clock.advance(SECOND);
        assert_eq!(polled(&lines, &ada, numbers[1]), Some(2 * SECOND));
    }

    #[test]
    fn the_last_turn_is_given_back_whoever_leaves() {
        let (lines, clock, ada) = (Lines::new(), ManualClock::new(), charges("ada"));
        let numbers = [1, 2, 3].map(|turn| lines.join(&ada, taken(&ada, turn), &clock));
        let back = |number| lines.leave(&ada, number).map(|taken| taken.verdict.delay());
        assert_eq!(back(numbers[0]), Some(3 * SECOND));
        assert_eq!(back(numbers[0]), None, "it has left");
        assert_eq!(back(numbers[2]), Some(2 * SECOND));
        clock.advance(SECOND);
        assert_eq!(polled(&lines, &ada, numbers[1]), Some(SECOND));
    }

    /// So there are never more lines than waiters.
    #[test]
    fn a_line_without_waiters_is_no_more() {
        let (lines, clock) = (Lines::new(), ManualClock::new());
        let (ada, bob) = (charges("ada"), charges("bob"));
        let (first, other) =
            (lines.join(&ada, taken(&ada, 1), &clock), lines.join(&bob, taken(&bob, 1), &clock));
        assert_eq!(lines.0.lock().len(), 2);
        assert!(lines.leave(&bob, other).is_some());
        clock.advance(SECOND);
        assert!(polled(&lines, &ada, first).is_some());
        assert!(lines.0.lock().is_empty());
    }
}
