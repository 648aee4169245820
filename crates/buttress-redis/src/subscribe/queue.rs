use std::collections::VecDeque;
use std::sync::Arc;

use super::Event;

/// What has come and was not asked for yet. What does not fit is lost, and in its place stands one gap.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: VecDeque<Event>,
    bytes: usize,
    /// Whether there is a gap after all that stands here.
    lost: bool,
}

impl Queue {
    pub(super) const LENGTH: usize = 1_024;
    pub(super) const BYTES: usize = 4 << 20;

    pub(super) fn message(&mut self, channel: &Arc<str>, payload: Vec<u8>) {
        let places = if self.lost { 2 } else { 1 };
        if !self.has_room(places, payload.len()) {
            self.lost = true;
            return;
        }
        if std::mem::take(&mut self.lost) {
            self.events.push_back(Event::Gap);
        }
        self.bytes += payload.len();
        self.events.push_back(Event::Message { channel: channel.clone(), payload });
    }

    /// Two without a message between them are one.
    pub(super) fn gap(&mut self) {
        self.lost = true;
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let Some(event) = self.events.pop_front() else {
            return std::mem::take(&mut self.lost).then_some(Event::Gap);
        };
        if let Event::Message { payload, .. } = &event {
            self.bytes -= payload.len();
        }
        Some(event)
    }

    /// One that is larger than all may be together has room alone.
    fn has_room(&self, places: usize, bytes: usize) -> bool {
        let fits = self.bytes == 0 || self.bytes.saturating_add(bytes) <= Self::BYTES;
        fits && self.events.len() + places <= Self::LENGTH
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(queue: &mut Queue) -> Vec<Option<u8>> {
        let all = std::iter::from_fn(|| queue.pop());
        all.map(|event| match event {
            Event::Message { payload, .. } => Some(payload[0]),
            Event::Gap => None,
        })
        .collect()
    }

    #[test]
    fn a_gap_stands_where_something_may_be_missing() {
        let (mut queue, channel) = (Queue::default(), Arc::from("c"));
        queue.gap();
        queue.gap();
        queue.message(&channel, vec![1]);
        queue.message(&channel, vec![2]);
        queue.gap();
        assert_eq!(told(&mut queue), [None, Some(1), Some(2), None]);
        assert_eq!(told(&mut queue), []);
    }

    #[test]
    fn what_does_not_fit_is_a_gap() {
        let (mut queue, channel) = (Queue::default(), Arc::from("c"));
        for _ in 0..Queue::LENGTH + 10 {
            queue.message(&channel, vec![1]);
        }
        assert!(matches!(queue.pop(), Some(Event::Message { .. })));
        // One place is not enough for the gap and a message.
        queue.message(&channel, vec![2]);
        assert!(matches!(queue.pop(), Some(Event::Message { .. })));
        queue.message(&channel, vec![3]);
        let told = told(&mut queue);
        assert_eq!(told.len(), Queue::LENGTH);
        assert_eq!(told[Queue::LENGTH - 3..], [Some(1), None, Some(3)]);
    }

    #[test]
    fn what_is_large_has_room_alone() {
        let (mut queue, channel) = (Queue::default(), Arc::from("c"));
        queue.message(&channel, vec![1; Queue::BYTES + 1]);
        queue.message(&channel, vec![2]);
        assert_eq!(told(&mut queue), [Some(1), None]);
        queue.message(&channel, vec![3; Queue::BYTES - 1]);
        queue.message(&channel, vec![4]);
        queue.message(&channel, vec![5]);
        assert_eq!(told(&mut queue), [Some(3), Some(4), None]);
        assert_eq!(queue.bytes, 0);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Message(usize),
        Gap,
        Pop,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (1_usize..10_000).prop_map(Step::Message),
            1 => Just(Step::Gap),
            3 => Just(Step::Pop),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Numbered messages: where a number is missing, or a gap was noted, a gap comes before the next.
        #[test]
        fn nothing_is_missed_without_a_word(steps in prop::collection::vec(step(), 0..3_000)) {
            let (mut queue, channel) = (Queue::default(), Arc::<str>::from("c"));
            let (mut sent, mut expected, mut gaps, mut told) = (0_u64, 0, 0_u64, 0_u64);
            let mut warned = false;
            let steps = steps.into_iter().chain(std::iter::repeat_n(Step::Pop, 3_000));
            for step in steps {
                match step {
                    Step::Message(size) => {
                        let mut payload = vec![0; size.max(8)];
                        payload[..8].copy_from_slice(&sent.to_le_bytes());
                        queue.message(&channel, payload);
                        sent += 1;
                    }
                    Step::Gap => { queue.gap(); gaps += 1; }
                    Step::Pop => match queue.pop() {
                        Some(Event::Message { payload, .. }) => {
                            let number = u64::from_le_bytes(payload[..8].try_into().unwrap());
                            prop_assert!(number == expected || (number > expected && warned));
                            (expected, warned) = (number + 1, false);
                        }
                        Some(Event::Gap) => { warned = true; told += 1; }
                        None => {}
                    },
                }
                prop_assert!(queue.events.len() <= Queue::LENGTH);
            }
            prop_assert!(expected == sent || warned);
            prop_assert!(gaps == 0 || told > 0);
        }
    }
}
