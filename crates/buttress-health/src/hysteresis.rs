use std::num::NonZeroU32;

use buttress_core::HealthStatus;

/// Turns what single runs of a check saw into a status that does not flap.
///
/// The first run decides at once. From then on it takes `fall` runs in a row that saw something worse to
/// show it as worse, and `rise` runs in a row that saw something better to show it as better. Of a mixed
/// row, the mildest counts on the way down, and the worst on the way up.
///
/// ```
/// use buttress_core::HealthStatus::{Degraded, Down, Up};
/// use buttress_health::Hysteresis;
/// use std::num::NonZeroU32;
///
/// let two = NonZeroU32::new(2).unwrap();
/// let mut status = Hysteresis::new(two, two);
/// assert_eq!(status.observe(Up), Up);
/// assert_eq!(status.observe(Down), Up, "once is chance");
/// assert_eq!(status.observe(Degraded), Degraded, "twice it was not well, once it was down");
/// assert_eq!(status.observe(Up), Degraded);
/// assert_eq!(status.observe(Up), Up);
/// ```
#[derive(Clone, Debug)]
pub struct Hysteresis {
    fall: NonZeroU32,
    rise: NonZeroU32,
    shown: Option<HealthStatus>,
    /// How many runs in a row saw at least `Degraded`, and at least `Down`.
    bad: [u32; 2],
    /// How many runs in a row saw at most `Degraded`, and at most `Up`.
    good: [u32; 2],
}

impl Hysteresis {
    /// Shows nothing yet.
    #[must_use]
    pub const fn new(fall: NonZeroU32, rise: NonZeroU32) -> Self {
        Self { fall, rise, shown: None, bad: [0; 2], good: [0; 2] }
    }

    /// Goes on from a status that was shown before.
    #[must_use]
    pub fn resume(self, shown: Option<HealthStatus>) -> Self {
        Self { shown, ..self }
    }

    /// What is shown; nothing before the first run.
    #[must_use]
    pub const fn shown(&self) -> Option<HealthStatus> {
        self.shown
    }

    /// Shows nothing again, as before the first run.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.fall, self.rise);
    }

    /// Notes what a run saw, and gives what is to be shown from now on.
    pub fn observe(&mut self, seen: HealthStatus) -> HealthStatus {
        use HealthStatus::{Degraded, Down, Up};

        let counts = |row: u32, holds| if holds { row.saturating_add(1) } else { 0 };
        self.bad = [counts(self.bad[0], seen >= Degraded), counts(self.bad[1], seen >= Down)];
        self.good = [counts(self.good[0], seen <= Degraded), counts(self.good[1], seen <= Up)];

        let Some(shown) = self.shown else { return *self.shown.insert(seen) };
        let (fall, rise) = (self.fall.get(), self.rise.get());
        let next = match shown {
            Up | Degraded if self.bad[1] >= fall => Down,
            Up if self.bad[0] >= fall => Degraded,
            Degraded | Down if self.good[1] >= rise => Up,
            Down if self.good[0] >= rise => Degraded,
            same => same,
        };
        *self.shown.insert(next)
    }
}
