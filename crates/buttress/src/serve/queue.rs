use std::time::Duration;

use buttress_core::clock::Moment;

/// More than the system queues for a listener, unless somebody asked it for more.
const LONGEST: u32 = 16_384;
/// Even if the clients were slow to come out of it.
const TIME: Duration = Duration::from_secs(1);
/// So many are taken before everybody else has a turn.
const AT_ONCE: u32 = 16;

/// The last look into the system's queue: who stood in it is taken, and a crowd that goes on coming does not
/// hold up the end.
#[derive(Debug)]
pub(super) struct Queue {
    taken: u32,
    until: Moment,
}

impl Queue {
    pub(super) fn new(now: Moment) -> Self {
        Self { taken: 0, until: now + TIME }
    }

    pub(super) fn until(&self) -> Moment {
        self.until
    }

    /// Whether another one is taken.
    pub(super) fn goes_on(&self, now: Moment) -> bool {
        self.taken < LONGEST && now < self.until
    }

    /// One was taken; whether it is everybody else's turn.
    pub(super) fn took(&mut self) -> bool {
        self.taken = self.taken.saturating_add(1);
        self.taken.is_multiple_of(AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_by_number_and_by_time() {
        let mut queue = Queue::new(Moment::FIRST);
        let mut turns = 0;
        while queue.goes_on(Moment::FIRST) {
            turns += u32::from(queue.took());
        }
        assert_eq!((queue.taken, turns), (16_384, 1_024));

        let queue = Queue::new(Moment::FIRST);
        assert!(queue.goes_on(Moment::FIRST + TIME / 2) && !queue.goes_on(Moment::FIRST + TIME));
    }
}
