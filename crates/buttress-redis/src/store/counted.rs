use std::time::Duration;

/// What was counted for a key in its window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counted {
    total: u64,
    ends_in: Duration,
}

impl Counted {
    /// Where a total stops: the greatest number up to which a script counts exactly.
    pub const MOST: u64 = (1 << 53) - 1;

    pub(super) const NOTHING: Self = Self::new(0, Duration::ZERO);

    /// What a store says: the sum in the window, and how long that still lasts.
    #[must_use]
    pub const fn new(total: u64, ends_in: Duration) -> Self {
        Self { total, ends_in }
    }

    /// The sum in this window, with what was just counted.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.total
    }

    /// How long the window still lasts: a span and not a time, as clocks of a fleet differ. Zero if there is none.
    #[must_use]
    pub const fn ends_in(self) -> Duration {
        self.ends_in
    }
}

/// How long a window lasts: whole milliseconds, from one of them to a year.
///
/// ```
/// use buttress_redis::store::Window;
/// use std::time::Duration;
///
/// let window = Window::new(Duration::from_secs(60)).unwrap();
/// assert_eq!(window.length(), Duration::from_secs(60));
/// assert_eq!(Window::new(Duration::ZERO), None);
/// assert_eq!(Window::new(Duration::MAX), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Window {
    millis: u64,
}

impl Window {
    const LONGEST: u128 = 366 * 24 * 60 * 60 * 1_000;

    /// A window of this length, without what is less than a millisecond; nothing if it is too short or too long.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "it is looked at first")]
    pub const fn new(length: Duration) -> Option<Self> {
        match length.as_millis() {
            1..=Self::LONGEST => Some(Self { millis: length.as_millis() as u64 }),
            _ => None,
        }
    }

    /// How long it lasts.
    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_millis(self.millis)
    }

    pub(super) const fn millis(self) -> u64 {
        self.millis
    }
}
