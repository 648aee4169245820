//! What other processes have to be told of bans.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

/// News of bans, in the order in which they came, until somebody carries them away. It holds as many as there may be
/// bans: what comes beyond that stays with this process.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Whether somebody carries anything.
    is_carried: AtomicBool,
    news: Lock<VecDeque<News>>,
    most: usize,
}

/// Something has happened to this key of this policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct News {
    pub(crate) policy: u8,
    pub(crate) key: Key,
    /// When its ban was lifted; otherwise it was banned, for as long as its record says.
    pub(crate) lifted: Option<Moment>,
}

impl Outbox {
    pub(crate) fn of(most: usize) -> Self {
        Self { is_carried: AtomicBool::new(false), news: Lock::default(), most }
    }

    /// From now on there is somebody.
    pub(crate) fn carry(&self) {
        self.is_carried.store(true, Ordering::Relaxed);
    }

    /// Whether what happens here happens to others, too.
    pub(crate) fn is_carried(&self) -> bool {
        self.is_carried.load(Ordering::Relaxed)
    }

    /// Puts something in, if there is somebody to carry it, and room; whether it will be carried.
    pub(crate) fn put(&self, news: News) -> bool {
        if !self.is_carried() {
            return false;
        }
        let mut all = self.news.lock();
        let has_room = all.len() < self.most;
        if has_room {
            all.push_back(news);
        }
        has_room
    }

    /// The first ones, so many at most.
    pub(crate) fn take(&self, most: usize) -> Vec<News> {
        let mut all = self.news.lock();
        let count = all.len().min(most);
        all.drain(..count).collect()
    }

    /// What could not be carried is the first again.
    pub(crate) fn put_back(&self, news: Vec<News>) {
        let mut all = self.news.lock();
        for news in news.into_iter().rev() {
            all.push_front(news);
        }
        all.truncate(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(of: u8) -> News {
        News { policy: 0, key: Key::from_bytes([of; 16]), lifted: None }
    }

    #[test]
    fn it_holds_so_many_in_their_order_and_nothing_without_a_carrier() {
        let outbox = Outbox::of(3);
        assert!(!outbox.put(news(0)));
        assert_eq!(outbox.take(9), []);
        outbox.carry();
        assert_eq!((1..=9).map(news).filter(|news| outbox.put(*news)).count(), 3);
        let first = outbox.take(2);
        assert_eq!(first, [news(1), news(2)]);
        assert!(outbox.put(news(10)));
        outbox.put_back(first);
        assert_eq!(outbox.take(9), [news(1), news(2), news(3)]);
    }
}
