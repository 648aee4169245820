//! What a process makes of what it hears from the fleet about one breaker.

use buttress_core::clock::Moment;

use super::Quorum;
use super::standing::Standing;
use super::votes::{Asked, Order, SILENCE, Tally};
use crate::{Force, Trip};

/// What is remembered of one breaker between two answers.
#[derive(Debug)]
pub(super) struct Part {
    /// The last order that was heard.
    order: Option<Order>,
    members: u32,
    /// When there were as many, or more.
    since: Moment,
}

/// What has to be done here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Act {
    Force(Force),
    Trip(Trip),
}

impl Part {
    pub(super) const fn new() -> Self {
        Self { order: None, members: 1, since: Moment::FIRST }
    }

    /// What to ask.
    ///
    /// A breaker that was closed by its own probes knows more than those who voted before that: their votes do not
    /// count for it any more. Or it would be opened by them again and again, until the last one has ended.
    pub(super) fn asked<'a>(&self, name: &'a str, standing: &Standing) -> Asked<'a> {
        let asked = Asked::about(name);
        let asked = standing.recovered.map_or(asked, |ago| asked.newer_than(ago));
        self.order.map_or(asked, |order| asked.knowing(order))
    }

    /// How many processes there are.
    pub(super) const fn members(&self) -> u32 {
        self.members
    }

    /// Hears how things stand, and says what follows from that.
    pub(super) fn hear(
        &mut self,
        tally: &Tally,
        standing: &Standing,
        quorum: Quorum,
        now: Moment,
    ) -> Option<Act> {
        self.count(tally.members(), now);
        if let Some(force) = tally.order().and_then(|order| self.obey(order)) {
            return Some(Act::Force(force));
        }
        let needed = quorum.votes(self.members);
        let is_open = standing.is_closed() && tally.votes() >= needed;
        is_open.then_some(Act::Trip(Trip::fleet(tally.votes(), needed)))
    }

    /// Late news are old news: only an order that is later than the last one means anything.
    fn obey(&mut self, order: Order) -> Option<Force> {
        if !order.is_later_than(self.order) {
            return None;
        }
        let before = self.order.replace(order).map_or(Force::Release, Order::force);
        // Who was not held by the fleet is not released by it: a breaker that only counts, by its settings, goes on so.
        let is_nothing = (before, order.force()) == (Force::Release, Force::Release);
        (!is_nothing).then_some(order.force())
    }

    /// That there are fewer is believed once none of the others could have been silent for so long: a server that has
    /// lost its data knows only those that were faster than the others to say that they are there, and one vote of two
    /// would be half of the fleet.
    fn count(&mut self, members: u32, now: Moment) {
        let members = members.max(1);
        if members >= self.members || now - self.since >= SILENCE {
            (self.members, self.since) = (members, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::State;

    const CLOSED: Standing = Standing {
        state: State::Closed,
        generation: 1,
        reason: None,
        remaining: Duration::ZERO,
        recovered: None,
    };

    fn at(millis: u64) -> Moment {
        Moment::FIRST + Duration::from_millis(millis)
    }

    fn hear(part: &mut Part, tally: Tally, quorum: Quorum, millis: u64) -> Option<Act> {
        part.hear(&tally, &CLOSED, quorum, at(millis))
    }

    #[test]
    fn a_quorum_opens_what_is_closed() {
        let (mut part, quorum) = (Part::new(), Quorum::of(2));
        assert_eq!(hear(&mut part, Tally::new(9, 1), quorum, 0), None, "one bad node is no quorum");
        let trip = Some(Act::Trip(Trip::fleet(2, 2)));
        assert_eq!(hear(&mut part, Tally::new(9, 2), quorum, 1), trip);
        for state in State::ALL {
            let standing = Standing { state, ..CLOSED };
            let act = part.hear(&Tally::new(9, 5), &standing, quorum, at(2));
            let is_closed = matches!(state, State::Closed | State::RampingUp);
            assert_eq!(act.is_some(), is_closed, "{state}");
        }
    }

    #[test]
    fn a_share_is_that_of_all_who_were_there_lately() {
        let (mut part, quorum) = (Part::new(), Quorum::share(50));
        assert_eq!(hear(&mut part, Tally::new(8, 3), quorum, 10_000), None);
        // A server that has just begun knows of three.
        assert_eq!(hear(&mut part, Tally::new(3, 3), quorum, 10_400), None);
        assert_eq!(hear(&mut part, Tally::new(8, 3), quorum, 10_800), None);
        // The others have gone indeed.
        assert_eq!(hear(&mut part, Tally::new(6, 3), quorum, 15_799), None);
        assert!(hear(&mut part, Tally::new(6, 3), quorum, 15_800).is_some());
        assert_eq!(part.members(), 6);
    }

    #[test]
    fn an_order_is_obeyed_once_and_never_an_older_one() {
        let (mut part, quorum) = (Part::new(), Quorum::of(2));
        let mut hears = |version, force| {
            let tally = Tally::new(2, 2).ordered(Order::new(version, force));
            hear(&mut part, tally, quorum, 0)
        };
        assert_eq!(hears(7, Force::Open), Some(Act::Force(Force::Open)), "before all votes");
        assert!(matches!(hears(7, Force::Open), Some(Act::Trip(_))), "once");
        assert!(matches!(hears(6, Force::Closed), Some(Act::Trip(_))), "old news");
        assert_eq!(hears(8, Force::Release), Some(Act::Force(Force::Release)));
        let known = part.asked("a", &CLOSED).known();
        assert_eq!(known, Some(Order::new(8, Force::Release)));
    }

    /// One that joins finds that all were released long ago; its own settings say what it does.
    #[test]
    fn who_was_not_held_is_not_released() {
        let (mut part, quorum) = (Part::new(), Quorum::of(2));
        let tally = |version, force| Tally::new(1, 0).ordered(Order::new(version, force));
        assert_eq!(hear(&mut part, tally(3, Force::Release), quorum, 0), None);
        let act = hear(&mut part, tally(4, Force::Off), quorum, 0);
        assert_eq!(act, Some(Act::Force(Force::Off)));
    }

    #[test]
    fn what_was_voted_before_it_recovered_is_not_asked_for() {
        let part = Part::new();
        assert_eq!(part.asked("a", &CLOSED).age(), None, "a newcomer hears all of it");
        let second = Duration::from_secs(1);
        let recovered = Standing { recovered: Some(second), ..CLOSED };
        assert_eq!(part.asked("a", &recovered).age(), Some(second));
    }
}
