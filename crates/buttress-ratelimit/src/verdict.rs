use std::time::Duration;

use buttress_core::clock::nanos;
use buttress_core::stage::Never;

use crate::{MOST_POLICIES, Standing};

/// When it is worth to ask again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "who tells a client must heed all")]
pub enum Retry {
    /// After exactly this time, if nobody else comes meanwhile.
    After(Duration),
    /// Once somebody has given back what they hold, which nobody can tell beforehand: for what is counted at the same
    /// time.
    Unknown,
    /// Never: it costs more than there ever is at once.
    Never,
}

/// What a store decided about [charges](crate::Charges): all were taken, or none was.
///
/// ```
/// use buttress_ratelimit::{Retry, Source, Standing, Verdict};
/// use std::time::Duration;
///
/// // As a store makes it: of two charges the second has to wait.
/// let (wait, hour) = (Duration::from_secs(20), Duration::from_secs(3_600));
/// let mut verdict = Verdict::refused(1, Retry::After(wait));
/// verdict.push(Standing::new(7, hour, Source::Store));
/// verdict.push(Standing::new(0, hour, Source::Store));
///
/// assert!(!verdict.is_taken());
/// assert_eq!(verdict.refusal(), Some((1, Retry::After(wait))));
/// assert_eq!(verdict.standings()[0].remaining(), 7);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it says what was decided"]
pub struct Verdict {
    standings: [Standing; MOST_POLICIES],
    refusal: Option<(u8, Retry)>,
    /// Nanoseconds to wait before going on.
    delay: u64,
    /// When it was decided, in nanoseconds of the store's time.
    at: u64,
    count: u8,
    /// A bit for each charge that was optional, and for which there was no room.
    missed: u8,
    /// The same for each that was not.
    refused: u8,
}

impl Verdict {
    /// No time at all.
    pub(crate) const UNKNOWN: u64 = u64::MAX;

    /// All were taken. How each stands follows, in the order of the charges.
    #[inline]
    pub const fn taken() -> Self {
        let (standings, at) = ([Standing::EMPTY; MOST_POLICIES], Self::UNKNOWN);
        Self { standings, refusal: None, delay: 0, at, count: 0, missed: 0, refused: 0 }
    }

    /// None was taken, because of the charge with this number: among several, the one that has to wait longest.
    pub const fn refused(charge: u8, retry: Retry) -> Self {
        Self { refusal: Some((charge, retry)), refused: bit(charge), ..Self::taken() }
    }

    /// About one charge: the nanoseconds to wait, or why not; how it stands; and when it was decided.
    #[inline]
    pub(crate) fn note_one(&mut self, room: Result<u64, (u8, Retry)>, standing: Standing, at: u64) {
        self.standings[0] = standing;
        self.count = 1;
        self.note(room, at);
    }

    /// About all charges, once it is noted how they stand: the nanoseconds to wait, or who is refused; and when it was
    /// decided.
    #[inline]
    pub(crate) fn note(&mut self, room: Result<u64, (u8, Retry)>, at: u64) {
        self.at = at;
        match room {
            Ok(delay) => self.delay = delay,
            Err(refusal) => {
                self.refusal = Some(refusal);
                self.refuse(refusal.0);
            }
        }
    }

    /// Has to wait so long before it goes on, as its turn is then.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = nanos(delay);
        self
    }

    /// Was decided at this time of the store, in nanoseconds. A store that says it is told, when charges are given
    /// back, [until when](crate::Charge::until) each would have counted: this time, and what its standing had as
    /// [`resets_in`](Standing::resets_in).
    pub const fn at(mut self, nanos: u64) -> Self {
        self.at = nanos;
        self
    }

    /// Notes that there was no room for the [optional](crate::Charge::optional) charge with this number.
    pub fn miss(&mut self, charge: u8) {
        self.missed |= bit(charge);
    }

    /// Notes that there was no room for the charge with this number, beside the one that has to wait longest: a
    /// [penalty](crate::Penalty) of its policy counts it, too.
    pub const fn refuse(&mut self, charge: u8) {
        self.refused |= bit(charge);
    }

    /// Whether there was no room for the charge with this number, which was not optional, as far as the store has told.
    #[must_use]
    pub const fn is_refused(&self, charge: u8) -> bool {
        self.refused & bit(charge) != 0
    }

    /// Whether there was no room for the optional charge with this number.
    #[must_use]
    pub const fn is_missed(&self, charge: u8) -> bool {
        charge < 8 && self.missed >> charge & 1 == 1
    }

    /// Whether the store itself has taken the charge with this number, and it goes on at once.
    #[inline]
    pub(crate) fn is_plain(&self, charge: u8) -> bool {
        self.delay == 0
            && self.missed == 0
            && self.standings().get(usize::from(charge)).is_none_or(Standing::is_of_store)
    }

    /// Notes how the next charge stands.
    #[inline]
    pub fn push(&mut self, standing: Standing) {
        if let Some(place) = self.standings.get_mut(usize::from(self.count)) {
            *place = standing;
            self.count += 1;
        }
    }

    /// Whether the charges were taken.
    #[must_use]
    #[inline]
    pub const fn is_taken(&self) -> bool {
        self.refusal.is_none()
    }

    /// The number of the charge that was refused, and when to ask again.
    #[must_use]
    #[inline]
    pub const fn refusal(&self) -> Option<(u8, Retry)> {
        self.refusal
    }

    /// How long to wait before going on.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        Duration::from_nanos(self.delay)
    }

    /// When it was decided, in nanoseconds of the store's time.
    pub(crate) const fn decided_at(&self) -> u64 {
        self.at
    }

    /// When it goes on, in nanoseconds of the store's time.
    pub(crate) const fn turn(&self) -> u64 {
        self.at.saturating_add(self.delay)
    }

    /// When what this charge took is there again; zero if the store does not say.
    pub(crate) const fn until(&self, standing: &Standing) -> u64 {
        if self.at == Self::UNKNOWN {
            0
        } else {
            self.at.saturating_add(standing.resets_in_nanos())
        }
    }

    /// Notes that the key of the charge with this number is banned, and for how long it should not ask.
    pub(crate) fn ban(&mut self, charge: u8, again: Duration) {
        if let Some(standing) = self.standing_mut(charge.into()) {
            *standing = Standing::new(0, again, standing.source());
        }
        let waits_longer = |retry| matches!(retry, Retry::After(wait) if wait >= again);
        if !self.refusal.is_some_and(|(_, retry)| waits_longer(retry)) {
            self.refusal = Some((charge, Retry::After(again)));
        }
    }

    pub(crate) fn standing_mut(&mut self, charge: usize) -> Option<&mut Standing> {
        self.standings.get_mut(..usize::from(self.count))?.get_mut(charge)
    }

    /// How each charge stands, in the order of the charges. After a refusal as if nothing had been asked.
    #[must_use]
    #[inline]
    pub fn standings(&self) -> &[Standing] {
        self.standings.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// The bit of a charge; there are eight of them at most.
const fn bit(charge: u8) -> u8 {
    if charge < 8 { 1 << charge } else { 0 }
}

impl Retry {
    /// Which of two has to wait longer.
    pub(crate) const fn rank(self) -> (u8, Duration) {
        match self {
            Self::After(wait) => (0, wait),
            Self::Unknown => (1, Duration::ZERO),
            Self::Never => (2, Duration::ZERO),
        }
    }
}

/// What is never waited for has any verdict: so code for all stores does for those that never wait.
impl From<Never> for Verdict {
    fn from(never: Never) -> Self {
        match never {}
    }
}
