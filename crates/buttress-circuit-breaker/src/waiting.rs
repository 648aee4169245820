use std::task::Waker;

use crate::broadcast::Sleepers;
use crate::parts::Lock;

/// Those whose service inside is not ready. When the breaker opens they are refused, whatever that one does: so they
/// are woken.
///
/// Whoever waits looks at the breaker once more after that, and the breaker has moved before it wakes: one of the two
/// sees the other.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Lock<Places>);

/// They are used again, so there are as many as have waited at once.
#[derive(Debug, Default)]
struct Places {
    wakers: Vec<Option<Waker>>,
    spare: Vec<usize>,
}

/// The place of one who waits, to be [given back](Waiting::leave).
#[derive(Debug)]
pub(crate) struct Place(usize);

impl Waiting {
    pub(crate) fn take_place(&self) -> Place {
        let mut places = self.0.lock();
        Place(places.spare.pop().unwrap_or_else(|| {
            places.wakers.push(None);
            places.wakers.len() - 1
        }))
    }

    /// Wakes this one at the next opening.
    pub(crate) fn wait(&self, place: &Place, waker: &Waker) {
        let waker = waker.clone();
        let old = self.0.lock().wakers[place.0].replace(waker);
        // A waker may own a task, and that another service: so it is dropped after the lock.
        drop(old);
    }

    /// Wakes it no more.
    pub(crate) fn leave(&self, Place(at): Place) {
        let mut places = self.0.lock();
        let waker = places.wakers[at].take();
        places.spare.push(at);
        drop(places);
        drop(waker);
    }

    /// All of them, once the breaker has opened.
    pub(crate) fn all(&self) -> Sleepers {
        self.0.lock().wakers.iter_mut().filter_map(Option::take).collect()
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use buttress_core::clock::Moment;
    use buttress_testkit::models::{block_on, explore, join, thread};

    use super::*;
    use crate::machine::{Machine, Policy};
    use crate::{Force, State};

    const NOW: Moment = Moment::FIRST;

    /// A breaker, and who waits as the service inside never becomes ready.
    fn door() -> Arc<(Machine, Waiting)> {
        Arc::new((Machine::new(Policy::default(), NOW).unwrap(), Waiting::default()))
    }

    /// What `poll_ready` of a service does where the one inside is pending.
    fn poll(machine: &Machine, waiting: &Waiting, place: &Place, cx: &mut Context<'_>) -> Poll<()> {
        if machine.refuses(|| NOW).is_some() {
            return Poll::Ready(());
        }
        waiting.wait(place, cx.waker());
        if machine.refuses(|| NOW).is_some() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn open(machine: &Machine, waiting: &Waiting) {
        machine.force(Force::Open, &NOW);
        waiting.all().wake();
    }

    /// Whenever it opens, whoever waits is woken: otherwise this stands still.
    #[test]
    fn who_waits_hears_that_it_opens() {
        explore(|| {
            let door = door();
            let opener = thread::spawn({
                let door = door.clone();
                move || open(&door.0, &door.1)
            });
            let (machine, waiting) = &*door;
            let place = waiting.take_place();
            block_on(std::future::poll_fn(|cx| poll(machine, waiting, &place, cx)));
            assert_eq!(machine.state(), State::ForcedOpen);
            waiting.leave(place);
            join([opener]);
        });
    }

    /// One who goes takes nobody else's place along.
    #[test]
    fn who_goes_takes_nobody_along() {
        explore(|| {
            let door = door();
            let opener = thread::spawn({
                let door = door.clone();
                move || open(&door.0, &door.1)
            });
            let other = thread::spawn({
                let door = door.clone();
                move || {
                    let waiting = &door.1;
                    let place = waiting.take_place();
                    waiting.wait(&place, Waker::noop());
                    waiting.leave(place);
                }
            });
            let (machine, waiting) = &*door;
            let place = waiting.take_place();
            block_on(std::future::poll_fn(|cx| poll(machine, waiting, &place, cx)));
            waiting.leave(place);
            join([opener, other]);
        });
    }
}
