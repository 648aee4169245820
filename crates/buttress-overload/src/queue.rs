use std::task::Waker;

use buttress_core::clock::Moment;

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
    /// It is his turn, and he has not come for it yet.
    Called,
    /// He has waited in vain, and has not heard of it yet.
    SentAway,
}

#[derive(Clone, Copy, Default)]
struct Ends {
    first: Option<u32>,
    last: Option<u32>,
}

/// The number of a place. It is the waiter's until he [leaves](Queue::leave).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Number(u32);

/// Somebody whose turn has come.
pub(crate) struct Called {
    pub(crate) since: Moment,
    /// To be woken outside of any lock; none if he has not looked yet.
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

    /// Whether who came last goes first: under overload he is the one who is still waited for.
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

    /// Stands in the line; not if the [share](Priority::share) of this priority is full.
    pub(crate) fn join(&mut self, priority: Priority, now: Moment) -> Option<Number> {
        if self.waiting >= priority.share_of(self.room) {
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

    /// Looks whether it is his turn. If not, he will be woken by this; what was there before is to be dropped outside of any
    /// lock, as it may own anything.
    pub(crate) fn look(&mut self, number: Number, waker: &Waker) -> (bool, Option<Waker>) {
        let place = self.place(number.0);
        if place.state != State::Waiting {
            return (true, None);
        }
        let knows = place.waker.as_ref().is_some_and(|known| known.will_wake(waker));
        (false, if knows { None } else { place.waker.replace(waker.clone()) })
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

    /// Sends somebody away who waits: his turn will not come. The waker is to be woken outside of any lock.
    pub(crate) fn send_away(&mut self, number: Number) -> Option<Waker> {
        let Number(number) = number;
        self.unlink(number);
        let place = self.place(number);
        place.state = State::SentAway;
        place.waker.take()
    }

    /// Gives the place up; whether it was his turn. The waker is to be dropped outside of any lock.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Moment = Moment::FIRST;

    /// Who is called next, of those that have looked with a counted waker.
    fn called(queue: &mut Queue, all: &[Number]) -> Option<Number> {
        queue.call()?;
        let is_called = |number: &&Number| queue.place(number.0).state == State::Called;
        let number = *all.iter().find(is_called)?;
        assert!(queue.leave(number).0);
        Some(number)
    }

    #[test]
    fn the_highest_first_and_of_one_who_came_first() {
        let mut queue = Queue::new(100);
        let order = [Priority::Low, Priority::Normal, Priority::Critical, Priority::Normal];
        let all = order.map(|priority| queue.join(priority, NOW).unwrap());
        let next = [(); 5].map(|()| called(&mut queue, &all));
        assert_eq!(next, [Some(all[2]), Some(all[1]), Some(all[3]), Some(all[0]), None]);
    }

    #[test]
    fn or_who_came_last() {
        let mut queue = Queue::new(100);
        queue.newest_first(true);
        let all = [(); 3].map(|()| queue.join(Priority::Normal, NOW).unwrap());
        assert_eq!(called(&mut queue, &all), Some(all[2]));
        assert_eq!(called(&mut queue, &all), Some(all[1]));
    }

    #[test]
    fn a_lower_one_is_refused_before_a_higher_one() {
        let mut queue = Queue::new(10);
        let mut joined = |priority| std::iter::from_fn(|| queue.join(priority, NOW)).count();
        assert_eq!(joined(Priority::Background), 5);
        assert_eq!(joined(Priority::Low), 2);
        assert_eq!(joined(Priority::Background), 0);
        assert_eq!(joined(Priority::Normal), 2);
        assert_eq!(joined(Priority::Critical), 1);
        assert_eq!(joined(Priority::Critical), 0);
    }

    #[test]
    fn nobody_stands_where_there_is_no_room() {
        assert!(Queue::new(0).join(Priority::Critical, NOW).is_none());
    }

    #[derive(Clone, Copy, Debug)]
    enum Act {
        Join(Priority),
        Call,
        Leave(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            prop::sample::select(&Priority::ALL[..]).prop_map(Act::Join),
            Just(Act::Call),
            (0_usize..8).prop_map(Act::Leave),
        ]
    }

    /// The same, slowly: a list that is searched.
    #[derive(Default)]
    struct Slow {
        waiting: Vec<(Number, Priority)>,
        called: Vec<Number>,
    }

    impl Slow {
        fn call(&mut self) -> Option<Number> {
            let highest = self.waiting.iter().map(|(_, priority)| *priority).max()?;
            let at = self.waiting.iter().position(|(_, priority)| *priority == highest)?;
            let (number, _) = self.waiting.remove(at);
            self.called.push(number);
            Some(number)
        }

        fn leave(&mut self, at: usize) -> Option<(Number, bool)> {
            if let Some(number) = self.called.get(at).copied() {
                self.called.remove(at);
                return Some((number, true));
            }
            let at = at.checked_sub(self.called.len())?;
            self.waiting.get(at)?;
            Some((self.waiting.remove(at).0, false))
        }
    }

    proptest! {
        #[test]
        fn it_is_a_list_that_is_searched(script in prop::collection::vec(act(), 0..200)) {
            let (mut queue, mut slow) = (Queue::new(6), Slow::default());
            for act in script {
                match act {
                    Act::Join(priority) => {
                        let has_room = slow.waiting.len() < priority.share_of(6) as usize;
                        let joined = queue.join(priority, NOW);
                        prop_assert_eq!(joined.is_some(), has_room);
                        slow.waiting.extend(joined.map(|number| (number, priority)));
                    }
                    Act::Call => {
                        let expected = slow.call();
                        prop_assert_eq!(queue.call().is_some(), expected.is_some());
                        if let Some(number) = expected {
                            prop_assert!(queue.look(number, Waker::noop()).0);
                        }
                    }
                    Act::Leave(at) => {
                        if let Some((number, was_called)) = slow.leave(at) {
                            prop_assert_eq!(queue.leave(number).0, was_called);
                        }
                    }
                }
                prop_assert_eq!(queue.waiting() as usize, slow.waiting.len());
                // Places are used again: there are never more than ever stood here at once.
                prop_assert!(queue.places.len() <= 6 + 200);
            }
        }
    }
}
