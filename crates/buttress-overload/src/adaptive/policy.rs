use std::fmt;

use buttress_core::Faults;
use buttress_core::clock::Moment;

use super::Seen;

/// How a limit follows what was seen: pure, as it takes the time as an argument.
///
/// [`Gradient`](super::Gradient) and [`Aimd`](super::Aimd) are two; a third may be yours:
///
/// ```
/// use buttress_core::Faults;
/// use buttress_core::clock::Moment;
/// use buttress_overload::adaptive::{LimitPolicy, Seen};
///
/// /// Halves at every drop, and never grows again.
/// #[derive(Debug)]
/// struct Timid(u32);
///
/// impl LimitPolicy for Timid {
///     fn limit(&self) -> u32 {
///         self.0
///     }
///
///     fn learn(&mut self, seen: &Seen, _now: Moment) -> u32 {
///         self.0 = if seen.dropped > 0 { (self.0 / 2).max(1) } else { self.0 };
///         self.0
///     }
/// }
///
/// let mut timid = Timid(10);
/// assert_eq!(timid.learn(&Seen::default().dropped(1), Moment::FIRST), 5);
/// timid.check(&mut Faults::new());
/// ```
pub trait LimitPolicy: fmt::Debug + Send + 'static {
    /// The limit to begin with.
    fn limit(&self) -> u32;

    /// Learns from a while that is over now, and says the limit from now on. One of 0 is taken for 1.
    fn learn(&mut self, seen: &Seen, now: Moment) -> u32;

    /// Notes what is wrong with its settings. By default nothing is.
    fn check(&self, faults: &mut Faults) {
        let _ = faults;
    }
}

impl<P: LimitPolicy + ?Sized> LimitPolicy for Box<P> {
    fn limit(&self) -> u32 {
        (**self).limit()
    }

    fn learn(&mut self, seen: &Seen, now: Moment) -> u32 {
        (**self).learn(seen, now)
    }

    fn check(&self, faults: &mut Faults) {
        (**self).check(faults);
    }
}

/// Between which limits a policy moves, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) first: u32,
}

impl Bounds {
    pub(super) const DEFAULT: Self = Self { least: 4, most: 1_000, first: 20 };

    pub(super) fn clamp(self, limit: f64) -> f64 {
        // Not `clamp`, which panics if the bounds are the wrong way round.
        limit.min(self.most.into()).max(self.least.into())
    }

    pub(super) fn check(self, faults: &mut Faults) {
        if self.least == 0 {
            faults.add("between", "must begin at 1 or above");
        }
        if self.least > self.most {
            faults.add("between", "must not end below where it begins");
        }
        if self.first < self.least || self.first > self.most {
            let Self { least, most, first } = self;
            faults.add("starting_at", format_args!("{first} is not between {least} and {most}"));
        }
    }
}

/// A limit is whole; what is below one half is not counted.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(super) fn whole(limit: f64) -> u32 {
    limit.round() as u32
}
