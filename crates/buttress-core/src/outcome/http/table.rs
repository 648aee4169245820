use http::StatusCode;

use crate::GrpcCode;
use crate::outcome::Outcome;

/// What each status means, and each code of gRPC: one look at memory for each call.
#[derive(Clone)]
pub(super) struct Table {
    statuses: [Outcome; STATUSES],
    codes: [Outcome; CODES],
}

/// From 100 to 611; what is above is judged as the last.
const STATUSES: usize = 512;
/// From 0 to 16.
const CODES: usize = 17;

impl Table {
    pub(super) const DEFAULT: Self = Self { statuses: default_statuses(), codes: default_codes() };

    #[inline]
    pub(super) fn status(&self, status: StatusCode) -> Outcome {
        self.statuses[place(status)]
    }

    pub(super) fn set_status(&mut self, status: StatusCode, outcome: Outcome) {
        self.statuses[place(status)] = outcome;
    }

    pub(super) fn code(&self, code: GrpcCode) -> Outcome {
        self.codes[usize::from(code.as_u8()).min(CODES - 1)]
    }

    pub(super) fn set_code(&mut self, code: GrpcCode, outcome: Outcome) {
        self.codes[usize::from(code.as_u8()).min(CODES - 1)] = outcome;
    }
}

#[inline]
fn place(status: StatusCode) -> usize {
    usize::from(status.as_u16().saturating_sub(100)).min(STATUSES - 1)
}

const fn default_statuses() -> [Outcome; STATUSES] {
    let mut all = [Outcome::Success; STATUSES];
    let mut place = 0;
    while place < STATUSES {
        all[place] = match place + 100 {
            // What is no status at all is to be taken for a 5xx, says RFC 9110.
            408 | 500 | 502..=504 | 507..=509 | 511 | 520..=530 | 600.. => Outcome::Failure,
            429 => Outcome::Throttled,
            421 | 425 => Outcome::Ignored,
            _ => Outcome::Success,
        };
        place += 1;
    }
    all
}

const fn default_codes() -> [Outcome; CODES] {
    let mut all = [Outcome::Success; CODES];
    let mut code = 0;
    while code < CODES {
        all[code] = match code {
            2 | 4 | 13..=15 => Outcome::Failure,
            8 => Outcome::Throttled,
            1 => Outcome::Ignored,
            _ => Outcome::Success,
        };
        code += 1;
    }
    all
}
