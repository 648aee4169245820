use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use super::leases;
use crate::word::{KIND, Word};
use crate::{Reason, State};

/// The leave to make one call, given back by [`settle`](super::Machine::settle). See [`Machine`](super::Machine) for an
/// example.
///
/// One that is not settled holds the place of a probe until its lease is over.
#[derive(Clone, Copy, Eq, PartialEq)]
#[must_use = "its outcome has to be settled"]
pub struct Pass {
    /// Of the word it passed by, the generation and whether it is timed. Then its kind, where no word has anything;
    /// where words have their level, whether it is `COUNTED`, and that it is `LIVE`; and of a probe, in place of the
    /// payload, its place.
    bits: NonZeroU64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// It counts.
    Ordinary = 0,
    /// It decides whether the breaker closes.
    Probe = 1 << KIND,
    /// It moves nothing.
    Free = 2 << KIND,
    /// It belongs to nobody: whoever asked has to ask again.
    Nobodys = 4 << KIND,
}

/// The number of the place of a probe.
const PLACE: u64 = (1 << leases::BITS) - 1;
/// The rates have counted it already.
const COUNTED: u64 = 1 << 22;
/// In each, which so is never zero: an `Option` of it takes no more room.
const LIVE: NonZeroU64 = NonZeroU64::new(1 << 21).expect("a bit is set");

impl Pass {
    #[inline]
    pub(crate) fn new(word: Word, kind: Kind) -> Self {
        Self { bits: LIVE | word.without_state() | kind as u64 }
    }

    /// One that has the place with this number.
    pub(super) fn probe(word: Word, place: u32) -> Self {
        let bits = Self::new(word, Kind::Probe).bits;
        Self { bits: bits | u64::from(place) & PLACE }
    }

    /// The number of its place, of a probe.
    pub(super) const fn place(self) -> u32 {
        (self.bits() & PLACE) as u32
    }

    /// Whether it is one of the few that decide whether the breaker closes.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.is(Kind::Probe)
    }

    /// Whether it has to be known how long the call waits.
    #[inline]
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        Word::from_bits(self.bits()).is_timed()
    }

    pub(crate) fn counted(self) -> Self {
        Self { bits: self.bits | COUNTED }
    }

    pub(crate) const fn is_nobodys(self) -> bool {
        self.is(Kind::Nobodys)
    }

    pub(crate) const fn is_counted(self) -> bool {
        self.bits() & COUNTED != 0
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        Word::from_bits(self.bits()).generation()
    }

    #[inline]
    pub(crate) const fn kind(self) -> Kind {
        match self {
            _ if self.is(Kind::Probe) => Kind::Probe,
            _ if self.is(Kind::Free) => Kind::Free,
            _ if self.is(Kind::Nobodys) => Kind::Nobodys,
            _ => Kind::Ordinary,
        }
    }

    const fn is(self, kind: Kind) -> bool {
        self.bits() & kind as u64 != 0
    }

    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.bits.get()
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pass = f.debug_struct("Pass");
        pass.field("generation", &self.generation()).field("kind", &self.kind());
        pass.field("timed", &self.is_timed()).field("counted", &self.is_counted()).finish()
    }
}

/// Why a call may not be made.
///
/// ```
/// use buttress_circuit_breaker::machine::{Machine, Policy};
/// use buttress_circuit_breaker::{Force, State};
/// use buttress_core::clock::Moment;
///
/// let now = Moment::FIRST;
/// let machine = Machine::new(Policy::default(), now)?;
/// machine.force(Force::Open, &now);
///
/// let refused = machine.enter(&now).unwrap_err();
/// assert_eq!((refused.state(), refused.wait()), (State::ForcedOpen, None));
/// assert_eq!(refused.as_str(), "forced_open");
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused {
    state: State,
    reason: Option<Reason>,
    wait: Option<Duration>,
    generation: u32,
}

impl Refused {
    pub(crate) const fn new(word: Word, wait: Option<Duration>) -> Self {
        let state = word.phase().state();
        let reason = match state {
            State::Open => Some(word.reason()),
            _ => None,
        };
        Self { state, reason, wait, generation: word.generation() }
    }

    /// In which state it was refused.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Why the breaker opened, if it did so itself.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// After which time it is worth asking again, if that is known.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// The name that metrics have for it: of the rule that opened the breaker, or of the state.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self.reason {
            Some(reason) => reason.as_str(),
            None => self.state.as_str(),
        }
    }

    /// To which time of the breaker it belongs.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Gate, News};
    use buttress_core::clock::Moment;
    use buttress_core::outcome::Outcome;

    const KINDS: [Kind; 4] = [Kind::Ordinary, Kind::Probe, Kind::Free, Kind::Nobodys];

    #[test]
    fn it_knows_what_it_is() {
        let word = Word::first(State::Closed, true, true);
        for kind in KINDS {
            let pass = Pass::new(word, kind);
            assert_eq!((pass.kind(), pass.is_probe()), (kind, kind == Kind::Probe));
            assert_eq!((pass.counted().kind(), pass.counted().is_counted()), (kind, true));
            assert_eq!((pass.generation(), pass.is_timed()), (1, true));
        }
        assert_eq!(size_of::<Option<Pass>>(), size_of::<Pass>());
    }

    /// The glance never overlooks news; and of ordinary calls of this time it sees all that is none.
    #[test]
    fn what_is_quiet_is_no_news() {
        let word_of = |[timed, windowed]: [bool; 2]| {
            State::ALL.map(|state| Word::first(state, timed, windowed).with_level(7)).into_iter()
        };
        let both = [[false, false], [false, true], [true, false], [true, true]];
        for (word, kind) in both.iter().flat_map(|needs| word_of(*needs)).flat_map(by_kind) {
            for (streak, counted) in [(0, false), (1, false), (2, false), (0, true)] {
                let pass = Pass::new(word, kind);
                let pass = if counted { pass.counted() } else { pass };
                assert_glance(word.with_streak(streak), pass, kind == Kind::Ordinary);
                assert_glance(word.step(word.phase()).with_streak(streak), pass, false);
            }
        }
    }

    fn by_kind(word: Word) -> [(Word, Kind); 4] {
        KINDS.map(|kind| (word, kind))
    }

    fn assert_glance(word: Word, pass: Pass, is_plain: bool) {
        let gate = Gate::new(word, Moment::FIRST);
        for outcome in Outcome::ALL {
            let is_none = gate.news(pass, outcome) == News::None;
            assert_eq!(gate.is_quiet(pass, outcome), is_none && is_plain, "{word:?}, {pass:?}");
        }
    }
}
