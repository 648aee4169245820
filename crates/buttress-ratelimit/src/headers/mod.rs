//! What responses say of quotas.

mod form;
mod line;
mod table;

use std::time::Duration;

use buttress_core::Problem;
use buttress_core::clock::{Clock, Timestamp};
use buttress_core::key::Keyer;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) use self::form::Forms;
pub use self::form::HeaderForm;
use self::line::Line;
pub(crate) use self::table::Table;
use crate::{Charge, Charges, Retry, Source, Verdict};

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

/// What is written on a response, as it was when its request was decided.
#[derive(Debug)]
pub(crate) struct Shown {
    structured: Option<HeaderValue>,
    /// Of the structured ones, or of the one that is told of.
    policies: Option<HeaderValue>,
    one: Option<One>,
}

/// The policy that is told of where there is room for one.
#[derive(Clone, Copy, Debug)]
struct One {
    policy: u8,
    most: u64,
    remaining: u64,
    seconds: u64,
}

/// What headers are written with.
pub(crate) struct Writer<'a> {
    pub(crate) forms: &'a Forms,
    pub(crate) table: &'a Table,
    /// For keys that clients see: none of a store.
    pub(crate) shown_keys: &'a Keyer,
}

impl Writer<'_> {
    /// What to say of this decision.
    pub(crate) fn show(&self, charges: &Charges, verdict: &Verdict) -> Shown {
        let structured = self.forms.has(HeaderForm::Structured);
        let one = self.forms.tell_of_one().then(|| self.one(charges, verdict)).flatten();
        let asked = charges.as_slice().iter().filter(|charge| !charge.is_optional());
        Shown {
            structured: if structured { self.structured(charges, verdict) } else { None },
            policies: if structured {
                self.table.policies(asked.map(Charge::policy))
            } else {
                one.and_then(|one| self.table.row(one.policy)?.older.clone())
            },
            one,
        }
    }

    fn structured(&self, charges: &Charges, verdict: &Verdict) -> Option<HeaderValue> {
        let mut line = Line::new();
        for (charge, left, seconds) in counted(charges, verdict) {
            let Some(row) = self.table.row(charge.policy()) else { continue };
            if !line.is_empty() {
                line.text(", ");
            }
            line.text(&row.name);
            line.text(";r=");
            line.number(left.min(row.most));
            if row.refills {
                line.text(";t=");
                line.number(seconds);
            }
            if self.forms.partition_keys {
                line.text(";pk=:");
                line.base64(self.partition(charge));
                line.text(":");
            }
        }
        if line.is_empty() { None } else { line.finish() }
    }

    /// The one that refused, or of which the smallest part is left.
    fn one(&self, charges: &Charges, verdict: &Verdict) -> Option<One> {
        let refusing = verdict.refusal().map(|(at, _)| usize::from(at));
        let refusing = refusing.and_then(|at| charges.as_slice().get(at)).map(Charge::policy);
        let all = counted(charges, verdict).filter_map(|(charge, left, seconds)| {
            let most = self.table.row(charge.policy())?.most;
            Some(One { policy: charge.policy(), most, remaining: left.min(most), seconds })
        });
        // a/b < c/d as a*d < c*b: all of them are below 2^32.
        all.min_by(|one, other| {
            let refuses = |one: &One| refusing != Some(one.policy);
            let parts = (one.remaining * other.most).cmp(&(other.remaining * one.most));
            refuses(one).cmp(&refuses(other)).then(parts)
        })
    }

    /// A client may compare it, and find nothing behind it.
    fn partition(&self, charge: &Charge) -> [u8; 12] {
        let shown = self.shown_keys.key_of([charge.key().to_bytes()]).to_bytes();
        shown.first_chunk().copied().unwrap_or_default()
    }
}

/// Each charge that may refuse and was asked about, with what is left of it, and in how many seconds there is more.
fn counted<'a>(
    charges: &'a Charges,
    verdict: &'a Verdict,
) -> impl Iterator<Item = (&'a Charge, u64, u64)> {
    let stands = charges.as_slice().iter().zip(verdict.standings()).enumerate();
    let told = stands.filter(|(_, (charge, standing))| {
        !charge.is_optional() && standing.source() != Source::Unasked
    });
    told.map(|(at, (charge, standing))| {
        // `Retry-After` must not be sooner than what is said here.
        let wait = match verdict.refusal() {
            Some((refused, Retry::After(wait))) if usize::from(refused) == at => wait,
            _ => standing.resets_in(),
        };
        (charge, u64::from(standing.remaining()), seconds(wait))
    })
}

impl Shown {
    /// Writes it on a response, or into a problem.
    pub(crate) fn write(self, forms: &Forms, clock: &dyn Clock, on: &mut dyn Place) {
        let older =
            || [HeaderForm::Combined, HeaderForm::Separate].iter().any(|form| forms.has(*form));
        if let Some(value) = self.structured {
            on.put(RATE_LIMIT, value);
            self.policies.into_iter().for_each(|policies| on.put(POLICY, policies));
        } else if let Some(policies) = self.policies.filter(|_| older() && !on.has(&POLICY)) {
            on.put(POLICY, policies);
        }
        let Some(one) = self.one else { return };
        if forms.has(HeaderForm::Combined) && !on.has(&RATE_LIMIT) {
            one.combined().into_iter().for_each(|value| on.put(RATE_LIMIT, value));
        }
        if forms.has(HeaderForm::Separate) {
            one.separate(SEPARATE, one.seconds, on);
        }
        if forms.has(HeaderForm::XRateLimitAt) {
            one.separate(X_RATE_LIMIT, one.at(clock.wall()), on);
        } else if forms.has(HeaderForm::XRateLimit) {
            one.separate(X_RATE_LIMIT, one.seconds, on);
        }
    }
}

/// Where headers are written.
pub(crate) trait Place {
    /// Whether somebody has written this one.
    fn has(&self, name: &HeaderName) -> bool;
    /// Writes it, beside others of the name.
    fn put(&mut self, name: HeaderName, value: HeaderValue);
}

impl Place for HeaderMap {
    fn has(&self, name: &HeaderName) -> bool {
        self.contains_key(name)
    }

    /// A map that is full carries none of it: better than a panic.
    fn put(&mut self, name: HeaderName, value: HeaderValue) {
        let _ = self.try_append(name, value);
    }
}

/// A refusal takes its headers along by itself.
impl Place for Option<Problem> {
    fn has(&self, _: &HeaderName) -> bool {
        false
    }

    fn put(&mut self, name: HeaderName, value: HeaderValue) {
        *self = self.take().map(|problem| problem.with_header(name, value));
    }
}

impl One {
    fn combined(self) -> Option<HeaderValue> {
        let mut line = Line::new();
        let pieces =
            [("limit=", self.most), (", remaining=", self.remaining), (", reset=", self.seconds)];
        for (name, number) in pieces {
            line.text(name);
            line.number(number);
        }
        line.finish()
    }

    fn separate(self, names: [HeaderName; 3], reset: u64, on: &mut dyn Place) {
        if names.iter().any(|name| on.has(name)) {
            return;
        }
        for (name, number) in names.into_iter().zip([self.most, self.remaining, reset]) {
            let mut line = Line::new();
            line.number(number);
            line.finish().into_iter().for_each(|value| on.put(name.clone(), value));
        }
    }

    fn at(self, wall: Timestamp) -> u64 {
        wall.as_millis().div_ceil(1_000).saturating_add(self.seconds)
    }
}

/// Rounded up: who waits so long is not too early.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}
