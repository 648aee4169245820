//! What responses say of quotas.

mod form;
mod line;
mod place;
mod table;
mod told;

use std::iter;

use buttress_core::Key;
use buttress_core::clock::{Clock, Timestamp};
use buttress_core::key::Keyer;
use http::HeaderName;

pub(crate) use self::form::Forms;
pub use self::form::HeaderForm;
use self::line::Line;
use self::place::Place;
pub(crate) use self::table::Table;
pub(crate) use self::told::Told;
use self::told::{Left, left, seconds};
use crate::{Charge, Charges, Verdict};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const SEPARATE: [HeaderName; 3] = [
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];
const X_RATE_LIMIT: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

/// What headers are written with.
pub(crate) struct Writer<'a> {
    pub(crate) forms: &'a Forms,
    pub(crate) table: &'a Table,
    /// For keys that clients see: none of a store.
    pub(crate) shown_keys: &'a Keyer,
    pub(crate) clock: &'a dyn Clock,
}

/// The policy that is told of where there is room for one.
#[derive(Clone, Copy)]
struct One {
    policy: u8,
    most: u64,
    remaining: u64,
    /// Nothing where nobody knows: permits come back when somebody is done.
    seconds: Option<u64>,
}

impl Writer<'_> {
    /// What was kept of a decision.
    #[inline]
    pub(crate) fn write_told(&self, told: Told, on: &mut dyn Place) {
        match told {
            Told::Nothing => {}
            Told::One { policy, remaining, resets_in } => {
                let (remaining, seconds) = (remaining.into(), seconds(resets_in));
                let left = Left { policy, remaining, seconds, is_wait: false, key: None };
                self.write_left(iter::once(left), iter::once(policy), None, on);
            }
            Told::Several(decided) => self.write(&decided.charges, &decided.verdict, on),
        }
    }

    /// What a response or a problem says of this decision.
    pub(crate) fn write(&self, charges: &Charges, verdict: &Verdict, on: &mut dyn Place) {
        let all = charges.as_slice();
        let refused = verdict.refusal().and_then(|(at, _)| all.get(usize::from(at)));
        let asked = all.iter().filter(|charge| !charge.is_optional()).map(Charge::policy);
        self.write_left(left(charges, verdict), asked, refused.map(Charge::policy), on);
    }

    fn write_left(
        &self,
        left: impl Iterator<Item = Left> + Clone,
        asked: impl Iterator<Item = u8> + Clone,
        refused: Option<u8>,
        on: &mut dyn Place,
    ) {
        if self.forms.has(HeaderForm::Structured) {
            let mut line = Line::new();
            self.structured(left.clone(), &mut line);
            if !line.is_empty() {
                on.put_line(RATE_LIMIT, &line);
                if let Some(value) = self.table.policies(asked) {
                    on.put(POLICY, value);
                }
            }
        }
        if self.forms.tell_of_one()
            && let Some(one) = self.one(left, refused)
        {
            self.write_one(one, on);
        }
    }

    fn structured(&self, left: impl Iterator<Item = Left>, line: &mut Line) {
        for Left { policy, remaining, seconds, is_wait, key } in left {
            let Some(row) = self.table.row(policy) else { continue };
            if !line.is_empty() {
                line.text(", ");
            }
            line.text(&row.begins);
            line.number(remaining.min(row.most));
            if row.refills || is_wait {
                line.text(";t=");
                line.number(seconds);
            }
            if let Some(key) = key.filter(|_| self.forms.partition_keys) {
                line.text(";pk=:");
                line.base64(self.partition(key));
                line.text(":");
            }
        }
    }

    /// The one that refused, or of which the smallest part is left.
    fn one(&self, left: impl Iterator<Item = Left>, refused: Option<u8>) -> Option<One> {
        let all = left.filter_map(|Left { policy, remaining, seconds, is_wait, .. }| {
            let row = self.table.row(policy)?;
            let (most, seconds) = (row.most, (row.refills || is_wait).then_some(seconds));
            Some(One { policy, most, remaining: remaining.min(most), seconds })
        });
        // a/b < c/d as a*d < c*b: all of them are below 2^32.
        all.min_by(|one, other| {
            let lets_pass = |one: &One| refused != Some(one.policy);
            let parts = (one.remaining * other.most).cmp(&(other.remaining * one.most));
            lets_pass(one).cmp(&lets_pass(other)).then(parts)
        })
    }

    fn write_one(&self, one: One, on: &mut dyn Place) {
        let has = |form| self.forms.has(form);
        let is_older = has(HeaderForm::Combined) || has(HeaderForm::Separate);
        if is_older
            && !on.has(&POLICY)
            && let Some(value) = self.table.row(one.policy).and_then(|row| row.older.clone())
        {
            on.put(POLICY, value);
        }
        if has(HeaderForm::Combined)
            && !on.has(&RATE_LIMIT)
            && let Some(line) = one.combined()
        {
            on.put_line(RATE_LIMIT, &line);
        }
        if has(HeaderForm::Separate) {
            one.separate(SEPARATE, one.seconds, on);
        }
        if has(HeaderForm::XRateLimitAt) {
            one.separate(X_RATE_LIMIT, one.at(self.clock.wall()), on);
        } else if has(HeaderForm::XRateLimit) {
            one.separate(X_RATE_LIMIT, one.seconds, on);
        }
    }

    /// A client may compare it, and find nothing behind it.
    fn partition(&self, key: Key) -> [u8; 12] {
        let shown = self.shown_keys.key_of([key.to_bytes()]).to_bytes();
        shown.first_chunk().copied().unwrap_or_default()
    }
}

impl One {
    /// Nothing without a time, as this form needs one: none at all would say to come at once.
    fn combined(self) -> Option<Line> {
        let seconds = self.seconds?;
        let mut line = Line::new();
        let pieces =
            [("limit=", self.most), (", remaining=", self.remaining), (", reset=", seconds)];
        for (name, number) in pieces {
            line.text(name);
            line.number(number);
        }
        Some(line)
    }

    fn separate(self, names: [HeaderName; 3], reset: Option<u64>, on: &mut dyn Place) {
        if names.iter().any(|name| on.has(name)) {
            return;
        }
        let numbers = [Some(self.most), Some(self.remaining), reset];
        for (name, number) in names.into_iter().zip(numbers) {
            let Some(number) = number else { continue };
            let mut line = Line::new();
            line.number(number);
            on.put_line(name, &line);
        }
    }

    fn at(self, wall: Timestamp) -> Option<u64> {
        Some(wall.as_millis().div_ceil(1_000).saturating_add(self.seconds?))
    }
}
