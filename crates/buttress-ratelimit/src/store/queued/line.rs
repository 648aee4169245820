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
pub(super) struct Lines<T: Timer>(Lock<Waiting<T>>);

struct Waiting<T: Timer> {
    lines: HashMap<Box<[Asked]>, Line<T>>,
    /// How many stand in all of them.
    count: usize,
}

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
        Self(Lock::new(Waiting { lines: HashMap::new(), count: 0 }))
    }

    /// Joins the line of these charges, with the turn that the store gave; the number of the waiter in it. Where `most`
    /// wait already, what was taken is to be given back.
    pub(super) fn join(
        &self,
        asked: &Charges,
        taken: Taken,
        timer: &T,
        most: usize,
    ) -> Result<u64, Box<Taken>> {
        let sleep = Box::pin(timer.sleep(taken.verdict.delay()));
        let due = Due { at: taken.verdict.turn(), sleep, taken };
        let mut waiting = self.0.lock();
        if waiting.count >= most {
            return Err(Box::new(due.taken));
        }
        let (asked, count) = written(asked);
        let asked = &asked[..count];
        if !waiting.lines.contains_key(asked) {
            waiting.lines.insert(asked.into(), Line::new());
        }
        waiting.count += 1;
        let Some(line) = waiting.lines.get_mut(asked) else {
            return Err(Box::new(due.taken));
        };
        let number = line.came;
        line.came += 1;
        // Two that asked at the same time may come here in the other order.
        let at = line.turns.partition_point(|turn| turn.at <= due.at);
        line.turns.insert(at, due);
        line.waiters.push_back(Waiter { number, waker: None });
        let moved = line.wakers(at);
        drop(waiting);
        moved.into_iter().for_each(Waker::wake);
        Ok(number)
    }

    /// What was taken for this waiter, once it is its turn. Then it has left the line.
    pub(super) fn poll(
        &self,
        asked: &Charges,
        number: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Taken>> {
        let mut waiting = self.0.lock();
        let (asked, count) = written(asked);
        let asked = &asked[..count];
        let Some((line, at)) = waiting.find(asked, number) else { return Poll::Ready(None) };
        if line.turns[at].sleep.as_mut().poll(cx).is_pending() {
            let old = line.waiters[at].waker.replace(cx.waker().clone());
            drop(waiting);
            drop(old);
            return Poll::Pending;
        }
        let (waiter, due) = (line.waiters.remove(at), line.turns.remove(at));
        waiting.left(asked);
        drop(waiting);
        drop(waiter);
        Poll::Ready(due.map(|due| due.taken))
    }

    /// Leaves the line: everybody behind moves up by one, and what was taken for the last turn is to be given back.
    pub(super) fn leave(&self, asked: &Charges, number: u64) -> Option<Taken> {
        let mut waiting = self.0.lock();
        let (asked, count) = written(asked);
        let asked = &asked[..count];
        let (line, at) = waiting.find(asked, number)?;
        let (waiter, last) = (line.waiters.remove(at), line.turns.pop_back());
        let moved = line.wakers(at);
        waiting.left(asked);
        drop(waiting);
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

impl<T: Timer> Waiting<T> {
    /// The line, and where in it the waiter stands: numbers rise.
    fn find(&mut self, asked: &[Asked], number: u64) -> Option<(&mut Line<T>, usize)> {
        let line = self.lines.get_mut(asked)?;
        let at = line.waiters.binary_search_by_key(&number, |waiter| waiter.number).ok()?;
        Some((line, at))
    }

    /// One has left this line, which is no more without waiters.
    fn left(&mut self, asked: &[Asked]) {
        self.count = self.count.saturating_sub(1);
        if self.lines.get(asked).is_some_and(|line| line.waiters.is_empty()) {
            self.lines.remove(asked);
        }
    }
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
mod tests;
