use crate::machine::Pass;
use crate::phase::Phase;
use crate::{Reason, State};

/// All that decides whether a call passes, in one number that is exchanged as a whole.
///
/// ```text
/// 63…32 generation   one more at each step: what belongs to another one moves nothing
/// 31…28 phase
///    27 timed        it has to be known how long calls wait
///    26 windowed     successes have to be counted
/// 25…21 level        how often it opened without a stable time between
/// 20…18 nothing      in a pass its kind, of which an ordinary one has none
/// 17…0  payload      closed: streak u16, told u1 · half-open: out u8, won u8, lost u2 · open: reason u4
/// ```
///
/// A ticket would have to be held across 2³² steps to be taken for one of today.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Word(u64);

const GENERATION: u32 = 32;
const PHASE: u32 = 28;
const TIMED: u64 = 1 << 27;
const WINDOWED: u64 = 1 << 26;
const LEVEL: u32 = 21;
const MOST_LEVEL: u8 = 31;
const PAYLOAD: u64 = (1 << LEVEL) - 1;
const TOLD: u64 = 1 << 16;
const WON: u32 = 8;
const LOST: u32 = 16;
const MOST_LOST: u8 = 3;
pub(crate) const KIND: u32 = 18;
const KINDS: u64 = 7 << KIND;
const STREAK: u64 = 0xFFFF;
/// In what a word is the same as an ordinary pass, if a success is no news.
const QUIET: u64 = !0 << GENERATION | WINDOWED | KINDS | STREAK;

#[expect(clippy::cast_possible_truncation, reason = "it takes the word apart")]
impl Word {
    /// The first one. Its generation is 1, so that memory full of zeros belongs to none.
    pub(crate) const fn first(state: State, timed: bool, windowed: bool) -> Self {
        let mut word = (1 << GENERATION) | (Phase::of(state) as u64) << PHASE;
        if timed {
            word |= TIMED;
        }
        if windowed {
            word |= WINDOWED;
        }
        Self(word)
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> GENERATION) as u32
    }

    #[inline]
    pub(crate) const fn phase(self) -> Phase {
        match self.0 >> PHASE & 0xF {
            0 => Phase::Closed,
            1 => Phase::Open,
            2 => Phase::HalfOpen,
            3 => Phase::RampingUp,
            4 => Phase::ForcedOpen,
            5 => Phase::ForcedClosed,
            6 => Phase::Disabled,
            7 => Phase::MetricsOnly,
            _ => Phase::Vacant,
        }
    }

    #[inline]
    pub(crate) const fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    /// Its generation and whether it is timed: what a call takes along.
    #[inline]
    pub(crate) const fn without_state(self) -> u64 {
        self.0 & (!0 << GENERATION | TIMED)
    }

    /// Whether calls simply pass.
    #[inline]
    pub(crate) const fn is_closed(self) -> bool {
        matches!(self.phase(), Phase::Closed)
    }

    /// Whether a success with this pass changes nothing: that is an ordinary one, and of this time; nothing has failed
    /// just before, and successes are not counted. Most calls end with this one comparison.
    #[inline]
    pub(crate) const fn is_quiet_for(self, pass: Pass) -> bool {
        (self.0 ^ pass.bits()) & QUIET == 0
    }

    #[inline]
    pub(crate) const fn is_windowed(self) -> bool {
        self.0 & WINDOWED != 0
    }

    pub(crate) const fn level(self) -> u8 {
        (self.0 >> LEVEL) as u8 & MOST_LEVEL
    }

    /// Failures in a row, while it counts them.
    #[inline]
    pub(crate) const fn streak(self) -> u16 {
        self.0 as u16
    }

    /// Whether it was told what it would have done.
    pub(crate) const fn is_told(self) -> bool {
        self.0 & TOLD != 0
    }

    /// Probes that are out, while it is half-open.
    pub(crate) const fn out(self) -> u8 {
        self.0 as u8
    }

    /// Probes that succeeded.
    pub(crate) const fn won(self) -> u8 {
        (self.0 >> WON) as u8
    }

    /// Leases that ran out since the last success.
    pub(crate) const fn lost(self) -> u8 {
        (self.0 >> LOST) as u8 & MOST_LOST
    }

    /// Why it opened, while it is open.
    pub(crate) const fn reason(self) -> Reason {
        let at = (self.0 & 0xF) as usize;
        if at < Reason::ALL.len() { Reason::ALL[at] } else { Reason::Switch }
    }

    /// A step: another phase and an empty payload, in the next generation.
    pub(crate) const fn step(self, phase: Phase) -> Self {
        let kept = self.0 & (TIMED | WINDOWED | (MOST_LEVEL as u64) << LEVEL);
        let generation = self.generation().wrapping_add(1) as u64;
        Self(generation << GENERATION | (phase as u64) << PHASE | kept)
    }

    /// The same with other needs.
    pub(crate) const fn needing(self, timed: bool, windowed: bool) -> Self {
        let mut word = self.0 & !(TIMED | WINDOWED);
        if timed {
            word |= TIMED;
        }
        if windowed {
            word |= WINDOWED;
        }
        Self(word)
    }

    pub(crate) const fn with_level(self, level: u8) -> Self {
        let level = if level > MOST_LEVEL { MOST_LEVEL } else { level } as u64;
        Self(self.0 & !((MOST_LEVEL as u64) << LEVEL) | level << LEVEL)
    }

    pub(crate) const fn with_reason(self, reason: Reason) -> Self {
        Self(self.0 & !0xF | reason as u64)
    }

    pub(crate) const fn with_streak(self, streak: u16) -> Self {
        Self(self.0 & !STREAK | streak as u64)
    }

    pub(crate) const fn told(self) -> Self {
        Self(self.0 | TOLD)
    }

    pub(crate) const fn with_probes(self, out: u8, won: u8, lost: u8) -> Self {
        let lost = if lost > MOST_LOST { MOST_LOST } else { lost } as u64;
        Self(self.0 & !PAYLOAD | out as u64 | (won as u64) << WON | lost << LOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// No part of the word reaches into another one.
        #[test]
        fn parts_are_apart(
            state in prop::sample::select(&State::ALL[..]), timed: bool, windowed: bool, level: u8,
            streak: u16, out: u8, won: u8, lost: u8, reason in prop::sample::select(&Reason::ALL[..]),
        ) {
            let word = Word::first(state, timed, windowed).with_level(level);
            let check = |word: Word, generation| {
                assert_eq!(word.phase().state(), state);
                assert_eq!((word.is_timed(), word.is_windowed()), (timed, windowed));
                assert_eq!(word.level(), level.min(31));
                assert_eq!(word.generation(), generation);
                assert_eq!(word.bits() & KINDS, 0, "that is a pass's");
            };
            check(word.with_streak(streak).told(), 1);
            prop_assert_eq!(word.told().with_streak(streak).streak(), streak);
            prop_assert!(word.told().with_streak(streak).is_told() && !word.with_streak(streak).is_told());
            let probes = word.with_probes(out, won, lost);
            check(probes, 1);
            prop_assert_eq!((probes.out(), probes.won(), probes.lost()), (out, won, lost.min(3)));
            check(word.with_reason(reason), 1);
            prop_assert_eq!(word.with_reason(reason).reason(), reason);
            let next = probes.step(word.phase());
            check(next, 2);
            prop_assert_eq!((next.out(), next.won(), next.lost(), next.streak()), (0, 0, 0, 0));
            check(word.needing(!timed, !windowed).needing(timed, windowed), 1);
        }

        /// Whatever is in memory has a meaning.
        #[test]
        fn every_word_can_be_read(bits: u64) {
            let word = Word::from_bits(bits);
            let _ = (word.phase(), word.reason(), word.level(), word.lost());
            prop_assert_eq!(word.bits(), bits);
            prop_assert_eq!(word.step(Phase::Open).generation(), word.generation().wrapping_add(1));
        }
    }
}
