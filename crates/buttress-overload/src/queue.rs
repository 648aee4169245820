mod settings;

use std::task::Waker;

use buttress_core::clock::Moment;

pub(crate) use self::settings::QueueSettings;
use crate::Priority;

/// Who waits, in the order in which they are served: the highest priority first, and of one priority who came first.
///
/// Bounded, and each step costs the same however many wait: places are linked by their numbers, and used again.
pub(crate) struct Queue {
    places: Vec<Place>,
    /// The first of the places that nobody has.
    spare: Option<u32>,
    lines: [Ends; Priority::ALL.len()],
    waiting: u32,
    room: u32,
    newest_first: bool,
}

struct Place {
    state: State,
    priority: Priority,
    since: Moment,
    waker: Option<Waker>,
    before: Option<u32>,
    /// Who comes next; of a spare place, the next spare one.
    after: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Spare,
    Waiting,
    /// It is its turn, and it has not come for it yet.
    Called,
    /// It has waited in vain, and has not heard of it yet.
    SentAway,
}

#[derive(Clone, Copy, Default)]
struct Ends {
    first: Option<u32>,
    last: Option<u32>,
}

/// The number of a place. It is the waiter's until it [leaves](Queue::leave).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Number(u32);

/// Somebody whose turn has come.
pub(crate) struct Called {
    pub(crate) since: Moment,
    /// To be woken outside of any lock; none if it has not looked yet.
    pub(crate) waker: Option<Waker>,
}

impl Queue {
    pub(crate) fn new(room: u32) -> Self {
        Self {
            places: Vec::new(),
            spare: None,
            lines: [Ends::default(); Priority::ALL.len()],
            waiting: 0,
            room,
            newest_first: false,
        }
    }

    /// Whether the last to come goes first: under overload somebody still waits for that one.
    pub(crate) fn newest_first(&mut self, newest_first: bool) {
        self.newest_first = newest_first;
    }

    /// Nobody waits who has not been called.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub(crate) fn waiting(&self) -> u32 {
        self.waiting
    }

    /// Whether nobody of this priority may join: its [share](Priority::share) is full.
    pub(crate) fn is_full(&self, priority: Priority) -> bool {
        self.waiting >= priority.share_of(self.room)
    }

    /// Stands in the line, unless that is [full](Self::is_full).
    pub(crate) fn join(&mut self, priority: Priority, now: Moment) -> Option<Number> {
        if self.is_full(priority) {
            return None;
        }
        let before = self.line(priority).last;
        let place =
            Place { state: State::Waiting, priority, since: now, waker: None, before, after: None };
        let number = self.put(place)?;
        match before {
            Some(before) => self.place(before).after = Some(number),
            None => self.line(priority).first = Some(number),
        }
        self.line(priority).last = Some(number);
        self.waiting += 1;
        Some(Number(number))
    }

    /// Looks whether it is its turn. If not, it will be woken by this, which was cloned outside of any lock; and there
    /// that is to be dropped which is not needed, as it may own anything.
    pub(crate) fn look(&mut self, number: Number, waker: Waker) -> (bool, Option<Waker>) {
        let place = self.place(number.0);
        if place.state != State::Waiting {
            return (true, Some(waker));
        }
        let knows = place.waker.as_ref().is_some_and(|known| known.will_wake(&waker));
        (false, if knows { Some(waker) } else { place.waker.replace(waker) })
    }

    /// Calls the next one.
    pub(crate) fn call(&mut self) -> Option<Called> {
        let newest_first = self.newest_first;
        let next = |line: &Ends| if newest_first { line.last } else { line.first };
        let number = self.lines.iter().rev().find_map(next)?;
        self.unlink(number);
        let place = self.place(number);
        place.state = State::Called;
        Some(Called { since: place.since, waker: place.waker.take() })
    }

    /// The highest priority that anybody waits with.
    pub(crate) fn highest(&self) -> Option<Priority> {
        let waits = |priority: &Priority| self.lines[priority.rank()].first.is_some();
        Priority::ALL.into_iter().rev().find(waits)
    }

    /// Who has waited longest with this priority, and since when.
    pub(crate) fn oldest(&mut self, priority: Priority) -> Option<(Number, Moment)> {
        let number = self.line(priority).first?;
        Some((Number(number), self.place(number).since))
    }

    /// Sends a waiter away: its turn will not come. The waker is to be woken outside of any lock.
    pub(crate) fn send_away(&mut self, number: Number) -> Option<Waker> {
        let Number(number) = number;
        self.unlink(number);
        let place = self.place(number);
        place.state = State::SentAway;
        place.waker.take()
    }

    /// Gives the place up; whether it was its turn. The waker is to be dropped outside of any lock.
    pub(crate) fn leave(&mut self, number: Number) -> (bool, Option<Waker>) {
        let Number(number) = number;
        let state = self.place(number).state;
        if state == State::Waiting {
            self.unlink(number);
        }
        let was_called = state == State::Called;
        let spare = self.spare.replace(number);
        let place = self.place(number);
        place.state = State::Spare;
        place.after = spare;
        (was_called, place.waker.take())
    }

    fn put(&mut self, place: Place) -> Option<u32> {
        let Some(number) = self.spare else {
            let number = u32::try_from(self.places.len()).ok()?;
            self.places.push(place);
            return Some(number);
        };
        let spare = self.place(number);
        let next = spare.after;
        *spare = place;
        self.spare = next;
        Some(number)
    }

    fn unlink(&mut self, number: u32) {
        let place = self.place(number);
        let (priority, before, after) = (place.priority, place.before, place.after);
        match before {
            Some(before) => self.place(before).after = after,
            None => self.line(priority).first = after,
        }
        match after {
            Some(after) => self.place(after).before = before,
            None => self.line(priority).last = before,
        }
        self.waiting -= 1;
    }

    fn line(&mut self, priority: Priority) -> &mut Ends {
        &mut self.lines[priority.rank()]
    }

    /// Numbers are made here alone, and places are never taken away.
    fn place(&mut self, number: u32) -> &mut Place {
        &mut self.places[number as usize]
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;
