use std::fmt;
use std::task::{Context, Poll};

use buttress_core::clock::Moment;

use super::permits::{Permits, Take};
use crate::Priority;
use crate::parts::Lock;
use crate::queue::{Number, Queue};

/// Permits, and whoever waits for one.
pub(super) struct Gate {
    permits: Permits,
    line: Lock<Line>,
}

struct Line {
    queue: Queue,
    limit: u32,
    /// Permits that are out and will not come back, since the limit was lowered.
    owed: u32,
}

/// What becomes of who has found no permit in passing.
#[derive(Debug)]
pub(super) enum Joined {
    /// There was one after all.
    Taken,
    Waits(Number),
    Full,
}

impl Gate {
    pub(super) fn new(limit: u32, room: u32) -> Self {
        let line = Line { queue: Queue::new(room), limit, owed: 0 };
        Self { permits: Permits::new(limit), line: Lock::new(line) }
    }

    /// Takes a permit in passing, if nobody waits.
    #[inline]
    pub(super) fn take(&self) -> bool {
        self.permits.take() == Take::Taken
    }

    /// Gives a permit back.
    #[inline]
    pub(super) fn give(&self) {
        if self.permits.give() {
            self.hand_on();
        }
    }

    /// Stands in the line, if there is no permit and nobody waits, so that there is none to be had in passing.
    #[cold]
    pub(super) fn join(&self, priority: Priority, now: Moment) -> Joined {
        let mut line = self.line.lock();
        // From here on whoever gives comes to look; what was given before is seen now.
        self.permits.call();
        let is_first = line.queue.is_empty() && line.owed == 0;
        let joined = if is_first && self.permits.take_called() {
            Joined::Taken
        } else {
            line.queue.join(priority, now).map_or(Joined::Full, Joined::Waits)
        };
        self.rest(&line);
        joined
    }

    /// Is ready when there is a permit for him, and then he has it, and has left the line.
    pub(super) fn poll(&self, number: Number, cx: &Context<'_>) -> Poll<()> {
        let mut line = self.line.lock();
        let (is_called, old) = line.queue.look(number, cx.waker());
        if !is_called {
            drop(line);
            drop(old);
            return Poll::Pending;
        }
        let _left = line.queue.leave(number);
        Poll::Ready(())
    }

    /// Leaves the line without a permit. If there was one for him already, it is for the next.
    pub(super) fn leave(&self, number: Number) {
        let mut line = self.line.lock();
        let (was_called, waker) = line.queue.leave(number);
        self.rest(&line);
        drop(line);
        // Outside of the lock: a waker may own a task, and that another place in the line.
        drop(waker);
        if was_called {
            self.give();
        }
    }

    /// Changes how many permits there are: at once where they are free, else as they come back.
    pub(super) fn resize(&self, limit: u32) {
        let mut line = self.line.lock();
        let (more, less) = (limit.saturating_sub(line.limit), line.limit.saturating_sub(limit));
        line.limit = limit;
        let stay_out = more.min(line.owed);
        line.owed = line.owed - stay_out + less;
        self.permits.put(more - stay_out);
        if line.owed > 0 {
            self.permits.call();
        }
        drop(line);
        self.hand_on();
    }

    pub(super) fn limit(&self) -> u32 {
        self.line.lock().limit
    }

    pub(super) fn waiting(&self) -> u32 {
        self.line.lock().queue.waiting()
    }

    /// How many permits are out.
    pub(super) fn out(&self) -> u32 {
        let line = self.line.lock();
        (line.limit + line.owed).saturating_sub(self.permits.free())
    }

    /// Hands free permits to those that wait for them, until there are no more of the one or of the other.
    #[cold]
    fn hand_on(&self) {
        loop {
            let mut line = self.line.lock();
            let nobody = line.queue.is_empty() && line.owed == 0;
            if nobody || !self.permits.take_called() {
                return self.rest(&line);
            }
            if line.owed > 0 {
                line.owed -= 1;
                continue;
            }
            let called = line.queue.call();
            drop(line);
            // Outside of the lock: who is woken may come here at once.
            if let Some(waker) = called.and_then(|called| called.waker) {
                waker.wake();
            }
        }
    }

    /// Lets others take in passing again, once nobody waits.
    fn rest(&self, line: &Line) {
        if line.queue.is_empty() && line.owed == 0 {
            self.permits.dismiss();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("limit", &self.limit())
            .field("out", &self.out())
            .field("waiting", &self.waiting())
            .finish()
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::task::Waker;

    use super::*;

    const NOW: Moment = Moment::FIRST;

    fn waits(gate: &Gate) -> Number {
        match gate.join(Priority::Normal, NOW) {
            Joined::Waits(number) => number,
            other => panic!("{other:?}"),
        }
    }

    fn is_served(gate: &Gate, number: Number) -> bool {
        gate.poll(number, &Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn who_waits_is_served_before_who_passes() {
        let gate = Gate::new(1, 9);
        assert!(gate.take());
        let first = waits(&gate);
        gate.give();
        assert!(!gate.take(), "it is for who waited");
        assert!(is_served(&gate, first));
        gate.give();
        assert!(gate.take());
        assert_eq!((gate.out(), gate.waiting()), (1, 0));
    }

    #[test]
    fn who_leaves_leaves_his_turn_to_the_next() {
        let gate = Gate::new(1, 9);
        assert!(gate.take());
        let [first, second, third] = [(); 3].map(|()| waits(&gate));
        gate.leave(second);
        gate.give();
        gate.leave(first);
        assert!(is_served(&gate, third));
        gate.give();
        assert_eq!(gate.out(), 0);
        assert!(gate.take());
    }

    #[test]
    fn a_lower_limit_holds_as_permits_come_back() {
        let gate = Gate::new(4, 9);
        assert!((0..3).all(|_| gate.take()));
        gate.resize(1);
        assert_eq!((gate.limit(), gate.out()), (1, 3));
        assert!(!gate.take());
        let first = waits(&gate);
        gate.give();
        gate.give();
        assert!(!is_served(&gate, first));
        gate.give();
        assert!(is_served(&gate, first));
        assert_eq!(gate.out(), 1);
    }

    #[test]
    fn a_higher_limit_serves_who_waits() {
        let gate = Gate::new(1, 9);
        assert!(gate.take());
        let waiting = [(); 3].map(|()| waits(&gate));
        gate.resize(3);
        assert_eq!(waiting.map(|number| is_served(&gate, number)), [true, true, false]);
        gate.resize(0);
        gate.resize(5);
        assert!(is_served(&gate, waiting[2]));
        assert_eq!((gate.out(), gate.waiting()), (4, 0));
        assert!(gate.take());
        assert!(!gate.take());
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Waker;

    use buttress_testkit::models::{block_on, explore, join, thread};

    use super::*;

    const NOW: Moment = Moment::FIRST;

    /// Waits for a permit, as long as that takes.
    fn wait(gate: &Gate) {
        if gate.take() {
            return;
        }
        match gate.join(Priority::Normal, NOW) {
            Joined::Taken => {}
            Joined::Waits(number) => block_on(poll_fn(|cx| gate.poll(number, cx))),
            Joined::Full => panic!("there is room"),
        }
    }

    /// Stands in the line and goes again, whether called or not.
    fn go(gate: &Gate) {
        match gate.join(Priority::Normal, NOW) {
            Joined::Taken => gate.give(),
            Joined::Waits(number) => {
                let looked = gate.poll(number, &Context::from_waker(Waker::noop()));
                if looked.is_ready() { gate.give() } else { gate.leave(number) }
            }
            Joined::Full => {}
        }
    }

    fn spawn(gate: &Arc<Gate>, run: fn(&Gate)) -> thread::JoinHandle<()> {
        let gate = gate.clone();
        thread::spawn(move || run(&gate))
    }

    fn all_is_back(gate: &Gate, limit: u32) {
        assert_eq!((gate.out(), gate.waiting()), (0, 0));
        assert!(
            (0..limit).all(|_| gate.take()),
            "a permit was lost, or nobody may take in passing"
        );
        assert!(!gate.take(), "there is one too many");
    }

    #[test]
    fn never_more_than_the_limit() {
        explore(|| {
            let gate = Arc::new(Gate::new(1, 9));
            let taking = [(); 2].map(|()| {
                let gate = gate.clone();
                thread::spawn(move || u32::from(gate.take()))
            });
            let mine = u32::from(gate.take());
            assert!(mine + join(taking).iter().sum::<u32>() <= 1);
        });
    }

    #[test]
    fn nobody_sleeps_beside_a_free_permit() {
        explore(|| {
            let gate = Arc::new(Gate::new(1, 9));
            assert!(gate.take());
            let waiting = [(); 2].map(|()| {
                spawn(&gate, |gate| {
                    wait(gate);
                    gate.give();
                })
            });
            gate.give();
            join(waiting);
            all_is_back(&gate, 1);
        });
    }

    #[test]
    fn a_granted_waiter_that_goes_gives_it_on() {
        explore(|| {
            let gate = Arc::new(Gate::new(1, 9));
            assert!(gate.take());
            let goes = spawn(&gate, go);
            let waits = spawn(&gate, |gate| {
                wait(gate);
                gate.give();
            });
            gate.give();
            join([goes, waits]);
            all_is_back(&gate, 1);
        });
    }

    #[test]
    fn a_limit_that_is_lowered_is_paid_once() {
        explore(|| {
            let gate = Arc::new(Gate::new(2, 9));
            assert!(gate.take());
            let lowering = spawn(&gate, |gate| gate.resize(1));
            gate.give();
            join([lowering]);
            all_is_back(&gate, 1);
        });
    }

    #[test]
    fn a_permit_is_found_wherever_it_came_back() {
        explore(|| {
            let gate = Arc::new(Gate::new(2, 9));
            assert!(gate.take() && gate.take());
            let waits = spawn(&gate, |gate| {
                wait(gate);
                gate.give();
            });
            gate.give();
            join([waits]);
            gate.give();
            all_is_back(&gate, 2);
        });
    }
}
