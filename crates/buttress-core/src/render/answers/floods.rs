//! A few lines of each code and level a second, and how many were left out.

use std::error::Error;

use http::StatusCode;
use tracing::{Level, debug, enabled, error, warn};

use super::report::TARGET;
use crate::clock::Moment;
use crate::flood::{Due, Line, Lines};
use crate::{Class, Problem};

/// What is left out of the log, until it is told how much that was: before the next line of its kind, with the
/// next request once the second is over, or at the end.
pub(super) struct Floods {
    due: Due,
    faults: Lines,
    shortages: Lines,
    refusals: Lines,
}

/// Of which kind a line is: a flood of the ones does not hide the others.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Something broke.
    Fault,
    /// The server says on purpose that it cannot, or not in time.
    Shortage,
    /// The request is at fault.
    Refusal,
}

const KINDS: [Kind; 3] = [Kind::Fault, Kind::Shortage, Kind::Refusal];

impl Kind {
    pub(super) fn of(problem: &Problem) -> Self {
        const SCARCE: [StatusCode; 2] =
            [StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        match problem.class() {
            Class::Client => Self::Refusal,
            Class::Server if problem.source().is_some() || !SCARCE.contains(&problem.status()) => {
                Self::Fault
            }
            Class::Server => Self::Shortage,
        }
    }

    /// Whether anybody listens to such lines.
    pub(super) fn is_heard(self) -> bool {
        match self {
            Self::Fault => enabled!(target: TARGET, Level::ERROR),
            Self::Shortage => enabled!(target: TARGET, Level::WARN),
            Self::Refusal => enabled!(target: TARGET, Level::DEBUG),
        }
    }
}

impl Floods {
    pub(super) fn new(most: u32) -> Self {
        let lines = || Lines::new(most);
        Self { due: Due::never(), faults: lines(), shortages: lines(), refusals: lines() }
    }

    /// Whether a line about this code is told.
    pub(super) fn admit(&self, kind: Kind, code: &'static str, now: Moment) -> bool {
        match self.lines(kind).admit(code, now) {
            Line::Told { left_out: 0 } => true,
            Line::Told { left_out } => {
                tell(kind, code, left_out);
                true
            }
            Line::LeftOut { until } => {
                self.due.set(until);
                false
            }
        }
    }

    /// Whether anything is left out that nobody was told of.
    #[inline]
    pub(super) fn leave_out(&self) -> bool {
        self.due.is_set()
    }

    /// The same of seconds that are over. One look at a number, as every request asks.
    #[inline]
    pub(super) fn are_due(&self, now: Moment) -> bool {
        self.due.is_over(now)
    }

    /// Tells what was left out in seconds that are over.
    #[cold]
    pub(super) fn tell_due(&self, now: Moment) {
        if !self.due.take(now) {
            return;
        }
        for kind in KINDS {
            let rest = self.lines(kind).take(now, |code, left_out| tell(kind, code, left_out));
            if let Some(until) = rest {
                self.due.set(until);
            }
        }
    }

    fn lines(&self, kind: Kind) -> &Lines {
        match kind {
            Kind::Fault => &self.faults,
            Kind::Shortage => &self.shortages,
            Kind::Refusal => &self.refusals,
        }
    }
}

/// Nobody comes by any more.
impl Drop for Floods {
    fn drop(&mut self) {
        self.faults.take_all(|code, left_out| tell(Kind::Fault, code, left_out));
        self.shortages.take_all(|code, left_out| tell(Kind::Shortage, code, left_out));
        self.refusals.take_all(|code, left_out| tell(Kind::Refusal, code, left_out));
    }
}

fn tell(kind: Kind, code: &'static str, left_out: u32) {
    match kind {
        Kind::Fault => error!(target: TARGET, code, left_out, "left out"),
        Kind::Shortage => warn!(target: TARGET, code, left_out, "left out"),
        Kind::Refusal => debug!(target: TARGET, code, left_out, "left out"),
    }
}
