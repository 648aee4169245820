use std::fmt;
use std::time::Duration;

use crate::word::Word;
use crate::{Reason, State};

/// The leave to make one call, given back by [`settle`](super::Machine::settle). See [`Machine`](super::Machine) for an
/// example.
///
/// One that is not settled holds the place of a probe until its lease is over.
#[derive(Clone, Copy, Eq, PartialEq)]
#[must_use = "its outcome has to be settled"]
pub struct Pass {
    /// Of the word it passed by, the generation and whether it is timed; and in place of the rest, its kind and `COUNTED`.
    bits: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// It counts.
    Ordinary = 0,
    /// It decides whether the breaker closes.
    Probe = 1,
    /// It moves nothing.
    Free = 2,
    /// It belongs to nobody: whoever asked has to ask again.
    Nobodys = 3,
}

const KIND: u64 = 3;
/// The rates have counted it already.
const COUNTED: u64 = 1 << 2;

impl Pass {
    #[inline]
    pub(crate) const fn new(word: Word, kind: Kind) -> Self {
        Self { bits: word.without_state() | kind as u64 }
    }

    /// Whether it is one of the few that decide whether the breaker closes.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        matches!(self.kind(), Kind::Probe)
    }

    /// Whether it has to be known how long the call waits.
    #[inline]
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        Word::from_bits(self.bits).is_timed()
    }

    pub(crate) const fn counted(self) -> Self {
        Self { bits: self.bits | COUNTED }
    }

    pub(crate) const fn is_nobodys(self) -> bool {
        matches!(self.kind(), Kind::Nobodys)
    }

    pub(crate) const fn is_counted(self) -> bool {
        self.bits & COUNTED != 0
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        Word::from_bits(self.bits).generation()
    }

    #[inline]
    pub(crate) const fn kind(self) -> Kind {
        match self.bits & KIND {
            0 => Kind::Ordinary,
            1 => Kind::Probe,
            2 => Kind::Free,
            _ => Kind::Nobodys,
        }
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
