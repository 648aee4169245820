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
                        prop_assert!(queue.look(number, Waker::noop().clone()).0);
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
