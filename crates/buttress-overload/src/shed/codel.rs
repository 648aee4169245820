use std::time::Duration;

use buttress_core::clock::Moment;

/// Tells a queue that only smooths from one that stands, by how long calls have waited when they leave it.
///
/// A burst makes a queue that empties again; too much work makes one that does not, and then all wait for nothing. What
/// parts the two is the *shortest* wait within an interval: while that is above the target, nobody was served at once,
/// and the queue [stands](Self::is_standing). Then a call that has waited for more than twice the target is
/// [refused](Self::refuses). It is the rule of `CoDel` in the form that servers use: no share of drops is computed,
/// because a call knows how long it has waited.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::clock::Moment;
/// use buttress_overload::shed::Codel;
///
/// let at = |ms: u64| Moment::from_nanos(ms * 1_000_000);
/// let waited = Duration::from_millis;
/// let mut codel = Codel::new(waited(5), waited(100));
///
/// // For an interval, nobody waits for less than 20 ms.
/// for time in (1_000..1_100).step_by(10) {
///     assert!(!codel.refuses(waited(20), at(time)));
/// }
/// // From then on, who waits that long waits for nothing, and who does not is served.
/// assert!(!codel.refuses(waited(20), at(1_100)), "the first of an interval is let through");
/// assert!(codel.refuses(waited(20), at(1_101)));
/// assert!(!codel.refuses(waited(9), at(1_102)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Codel {
    target: Duration,
    interval: Duration,
    /// When the interval ends that is being looked at.
    ends: Moment,
    /// The shortest wait in it.
    least: Duration,
    /// Whether more than one has left in it: one alone is no queue.
    several: bool,
    standing: bool,
}

/// Whoever waited for more than this many targets is refused while the queue stands.
const TOO_LONG: u32 = 2;

impl Codel {
    /// The target of [`Default`].
    pub const TARGET: Duration = Duration::from_millis(5);
    /// The interval of [`Default`].
    pub const INTERVAL: Duration = Duration::from_millis(100);

    /// A queue may make everybody wait for `target`, and for longer as long as that passes within `interval`.
    #[must_use]
    pub const fn new(target: Duration, interval: Duration) -> Self {
        Self {
            target,
            interval,
            ends: Moment::FIRST,
            least: Duration::ZERO,
            several: false,
            standing: false,
        }
    }

    /// Somebody leaves the queue now, after it has waited for so long: is it to be refused?
    ///
    /// Who did not have to wait is told, too: it is what ends an overload.
    pub fn refuses(&mut self, waited: Duration, now: Moment) -> bool {
        if now >= self.ends {
            self.standing = self.was_standing(now);
            self.ends = now + self.interval;
            self.least = waited;
            self.several = false;
            // The first of an interval is what the interval is measured by; it may come after a pause.
            return false;
        }
        self.several = true;
        self.least = self.least.min(waited);
        self.standing && waited > self.longest()
    }

    /// Whether the queue has made everybody wait, as far as is known now.
    #[must_use]
    pub fn is_standing(&self, now: Moment) -> bool {
        if now < self.ends { self.standing } else { self.was_standing(now) }
    }

    /// How long one may wait while the queue stands.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.target.saturating_mul(TOO_LONG)
    }

    /// What the interval says that is over. If that was long ago, it says nothing of today.
    fn was_standing(&self, now: Moment) -> bool {
        self.several && self.least > self.target && now - self.ends <= self.interval
    }
}

impl Default for Codel {
    /// 5 ms within 100 ms: what is right for requests that take some milliseconds.
    fn default() -> Self {
        Self::new(Self::TARGET, Self::INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    /// A queue in which everybody has waited for 50 ms, during one interval from 1 s on.
    fn standing() -> Codel {
        let mut codel = Codel::default();
        (1_000..1_100).for_each(|time| assert!(!codel.refuses(ms(50), at(time))));
        codel
    }

    #[test]
    fn one_who_is_served_soon_ends_the_overload() {
        let mut codel = standing();
        assert!(!codel.refuses(ms(50), at(1_100)));
        assert!(codel.refuses(ms(50), at(1_101)));
        assert!(!codel.refuses(ms(1), at(1_102)));
        // What stands is what the interval before says, until this one is over.
        assert!(codel.refuses(ms(50), at(1_103)));
        assert!(!codel.refuses(ms(50), at(1_200)));
        assert!(!codel.refuses(ms(50), at(1_201)));
        assert!(!codel.is_standing(at(1_202)));
    }

    #[test]
    fn one_late_request_is_no_overload() {
        let mut codel = Codel::default();
        // Each alone in its interval, as a slow dependency has it.
        for time in (1_000..5_000).step_by(150) {
            assert!(!codel.refuses(ms(900), at(time)));
            assert!(!codel.is_standing(at(time + 120)));
        }
        // And the first one after a pause is not to blame for what was before it.
        let mut codel = standing();
        assert!(codel.is_standing(at(1_150)));
        assert!(!codel.is_standing(at(1_250)), "that was long ago");
        assert!(!codel.refuses(ms(900), at(9_000)));
        assert!(!codel.refuses(ms(900), at(9_001)));
    }

    #[test]
    fn extremes_are_borne() {
        let mut codel = Codel::new(Duration::MAX, Duration::MAX);
        assert!(!codel.refuses(Duration::MAX, Moment::LAST));
        assert!(!codel.refuses(Duration::MAX, Moment::FIRST));
        assert_eq!(codel.longest(), Duration::MAX);
        let mut codel = Codel::new(Duration::ZERO, Duration::ZERO);
        assert!(!codel.refuses(Duration::ZERO, Moment::LAST));
    }
}
