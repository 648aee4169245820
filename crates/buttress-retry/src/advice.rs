use std::time::Duration;

use buttress_core::{BuildError, Faults};

/// How far to follow what the other side says of coming back: `Retry-After`, and the pushback of gRPC.
///
/// ```
/// use buttress_core::clock::{ms, secs};
/// use buttress_retry::Follow;
///
/// // Longer than that is not waited, and sooner than asked is no help: so it is not repeated.
/// assert_eq!(Follow::UpTo(secs(30)).pause(ms(200), secs(5)), Some(secs(5)));
/// assert_eq!(Follow::UpTo(secs(30)).pause(ms(200), secs(31)), None);
/// // As the clients of AWS have it: our own pause, and so much more at most.
/// assert_eq!(Follow::Within(secs(5)).pause(ms(200), secs(31)), Some(ms(5_200)));
/// assert_eq!(Follow::Never.pause(ms(200), secs(31)), Some(ms(200)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Follow {
    /// As it says, and not at all if that is longer than this.
    UpTo(Duration),
    /// As it says, but no less than our own pause, and no more than this beyond it.
    Within(Duration),
    /// Not at all: our own pause counts.
    Never,
}

impl Default for Follow {
    /// Up to thirty seconds.
    fn default() -> Self {
        Self::UpTo(Duration::from_secs(30))
    }
}

impl Follow {
    /// How long to wait, if `own` is what the backoff says, and `advised` what the other side does; nothing if it is
    /// not to be repeated.
    #[must_use]
    pub fn pause(self, own: Duration, advised: Duration) -> Option<Duration> {
        match self {
            Self::UpTo(longest) => (advised <= longest).then(|| advised.max(own)),
            Self::Within(more) => Some(advised.clamp(own, own.saturating_add(more))),
            Self::Never => Some(own),
        }
    }

    /// The same for gRPC, which means exactly what it says.
    #[must_use]
    pub fn pushback(self, own: Duration, advised: Duration) -> Option<Duration> {
        match self {
            Self::UpTo(longest) => (advised <= longest).then_some(advised),
            Self::Within(_) | Self::Never => self.pause(own, advised),
        }
    }

    /// The longest pause to follow what the other side says, with one of its own like this.
    pub(crate) const fn longest(self, own: Duration) -> Duration {
        match self {
            Self::UpTo(longest) => longest,
            Self::Within(more) => own.saturating_add(more),
            Self::Never => own,
        }
    }

    pub(crate) fn check(self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        if let Self::UpTo(Duration::ZERO) = self {
            faults.add("up_to", "must be greater than zero: to follow none there is `never`");
        }
        faults.finish(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_grpc_is_taken_as_it_is() {
        let (own, soon) = (Duration::from_millis(200), Duration::from_millis(5));
        assert_eq!(Follow::default().pushback(own, soon), Some(soon));
        assert_eq!(Follow::default().pause(own, soon), Some(own), "that of HTTP is a least time");
        assert_eq!(Follow::default().pushback(own, Duration::from_secs(31)), None);
    }

    #[test]
    fn the_longest_time_there_is_breaks_nothing() {
        let most = Duration::MAX;
        assert_eq!(Follow::Within(most).pause(most, most), Some(most));
        assert_eq!(Follow::UpTo(most).pause(Duration::ZERO, most), Some(most));
    }
}
