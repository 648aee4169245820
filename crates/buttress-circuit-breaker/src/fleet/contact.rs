//! Whether the fleet is heard of.

use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use buttress_core::clock::Moment;

/// When the store answered last, so that a log has a line for each change.
#[derive(Debug, Default)]
pub(super) struct Contact {
    /// When that was asked which was answered last; 0 before the first question.
    heard: AtomicU64,
    is_alone: AtomicBool,
}

impl Contact {
    /// A question may go unanswered now and then; after so long a silence this process decides alone.
    pub(super) const PATIENCE: Duration = super::EVERY.saturating_mul(3);

    /// Begins to listen: from now on silence is silence.
    pub(super) fn begin(&self, now: Moment) {
        self.heard.fetch_max(nanos(now), Release);
    }

    /// Notes an answer to what was asked then. Whether this process was alone until now.
    pub(super) fn heard(&self, asked: Moment) -> bool {
        self.heard.fetch_max(nanos(asked), Release);
        self.is_alone.swap(false, Release)
    }

    /// Notes a failure. Whether this process is alone from now on.
    pub(super) fn failed(&self, now: Moment) -> bool {
        self.is_lost(now) && !self.is_alone.swap(true, Release)
    }

    /// How old that is which is known of the fleet.
    pub(super) fn age(&self, now: Moment) -> Option<Duration> {
        let heard = self.heard.load(Acquire);
        (heard > 0).then(|| now - Moment::from_nanos(heard))
    }

    /// Whether it is too old.
    pub(super) fn is_lost(&self, now: Moment) -> bool {
        self.age(now).is_some_and(|age| age > Self::PATIENCE)
    }
}

/// The first moment is a moment too.
fn nanos(moment: Moment) -> u64 {
    moment.as_nanos().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_told_once_and_its_end_is() {
        let (contact, at) =
            (Contact::default(), |millis| Moment::FIRST + Duration::from_millis(millis));
        assert!(!contact.is_lost(at(9_000)), "nobody has asked yet");
        contact.begin(at(10_000));
        assert!(!contact.failed(at(10_400)), "now and then it fails");
        assert!(!contact.failed(at(11_200)) && !contact.is_lost(at(11_200)));
        assert!(contact.failed(at(11_201)) && contact.is_lost(at(11_201)));
        assert!(!contact.failed(at(12_000)), "once");
        assert!(contact.heard(at(12_000)) && !contact.is_lost(at(12_100)));
        assert!(!contact.heard(at(12_400)), "once");
        contact.begin(at(11_000));
        assert_eq!(contact.age(at(12_500)), Some(Duration::from_millis(100)));
    }
}
