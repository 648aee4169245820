use std::collections::VecDeque;

use crate::Transition;

/// The last steps of a breaker.
#[derive(Debug, Default)]
pub(crate) struct History {
    steps: VecDeque<Transition>,
}

impl History {
    /// How many are kept.
    pub(crate) const LENGTH: usize = 32;

    /// Keeps this one, and forgets the oldest if there are too many. It may be told of later than the one after it.
    pub(crate) fn push(&mut self, step: Transition) {
        let ahead = |other: &Transition| other.generation().wrapping_sub(step.generation());
        let is_later = |other: &Transition| (1..1 << 31).contains(&ahead(other));
        let later = self.steps.iter().rev().take_while(|other| is_later(other)).count();
        self.steps.insert(self.steps.len() - later, step);
        if self.steps.len() > Self::LENGTH {
            self.steps.pop_front();
        }
    }

    /// From the oldest to the newest.
    pub(crate) fn to_vec(&self) -> Vec<Transition> {
        self.steps.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use buttress_core::clock::Moment;

    use super::*;
    use crate::{State, Why};

    fn kept(generations: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut history = History::default();
        for generation in generations {
            let (from, to) = (State::Closed, State::ForcedOpen);
            history.push(Transition::new(from, to, Why::Forced, Moment::FIRST, generation));
        }
        history.to_vec().iter().map(Transition::generation).collect()
    }

    #[test]
    fn it_keeps_the_last_ones() {
        assert_eq!(kept(0..100), (68..100).collect::<Vec<_>>());
    }

    /// Two threads make a step each, and the first is the second to tell.
    #[test]
    fn they_are_in_their_order_however_they_are_told() {
        assert_eq!(kept([1, 3, 2, 5, 4]), [1, 2, 3, 4, 5]);
        assert_eq!(kept([u32::MAX - 1, 0, u32::MAX, 1]), [u32::MAX - 1, u32::MAX, 0, 1]);
    }
}
