//! A quota as a sentence, written and read.

use std::fmt;
use std::time::Duration;

use super::{algorithm, number};
use crate::{Algorithm, Quota};

/// As it is said: `100 a minute, up to 200 at once`, `5 every 15 minutes, as fixed_window`. What it is read as limits
/// the same.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.algorithm == Algorithm::Concurrent {
            return write!(f, "{} at the same time", self.count);
        }
        write!(f, "{} ", self.count)?;
        match UNITS.iter().find(|unit| unit.length() == self.period && unit.article.is_some()) {
            Some(Unit { article: Some(article), name, .. }) => write!(f, "{article} {name}")?,
            _ => write!(f, "every {}", Time(self.period))?,
        }
        match self.algorithm {
            Algorithm::Gcra => write!(f, ", up to {} at once", self.burst.unwrap_or(self.count))?,
            algorithm => write!(f, ", as {algorithm}")?,
        }
        if !self.queue.is_zero() {
            write!(f, ", waiting up to {}", Time(self.queue))?;
        }
        Ok(())
    }
}

struct Unit {
    name: &'static str,
    nanos: u64,
    /// Of those that quotas are made in: what stands before one of it.
    article: Option<&'static str>,
}

/// The longest first.
const UNITS: [Unit; 7] = [
    Unit { name: "day", nanos: 86_400_000_000_000, article: Some("a") },
    Unit { name: "hour", nanos: 3_600_000_000_000, article: Some("an") },
    Unit { name: "minute", nanos: 60_000_000_000, article: Some("a") },
    Unit { name: "second", nanos: 1_000_000_000, article: Some("a") },
    Unit { name: "millisecond", nanos: 1_000_000, article: None },
    Unit { name: "microsecond", nanos: 1_000, article: None },
    Unit { name: "nanosecond", nanos: 1, article: None },
];

impl Unit {
    const fn length(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }
}

/// In the longest unit of which it is a whole number.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let whole = UNITS.iter().find(|unit| nanos > 0 && nanos.is_multiple_of(unit.nanos.into()));
        let Some(unit) = whole else { return f.write_str("0 seconds") };
        let count = nanos / u128::from(unit.nanos);
        write!(f, "{count} {}{}", unit.name, if count == 1 { "" } else { "s" })
    }
}

/// A sentence, if the text begins as one does.
pub(super) fn read(text: &str) -> Option<Result<Quota, String>> {
    let mut parts = text.split(',');
    let head: Vec<_> = parts.next()?.split_ascii_whitespace().collect();
    let (count, period) = match &head[..] {
        [count, "at", "the", "same", "time"] => return Some(number(count).map(Quota::at_once)),
        [count, "a" | "an", unit] => (count, time("1", unit)),
        [count, "every", many, unit] => (count, time(many, unit)),
        _ => return None,
    };
    let quota = number(count).and_then(|count| Ok(Quota::per(period?, count)));
    Some(quota.and_then(|quota| parts.try_fold(quota, said)))
}

/// The same, with what is said beside it.
fn said(quota: Quota, part: &str) -> Result<Quota, String> {
    let words: Vec<_> = part.split_ascii_whitespace().collect();
    Ok(match words[..] {
        ["up", "to", burst, "at", "once"] => match number(burst)? {
            // As much as without a word.
            burst if burst == quota.count => quota,
            burst => quota.burst(burst),
        },
        ["as", word] => quota.algorithm(algorithm(word)?),
        ["waiting", "up", "to", many, unit] => quota.queue(time(many, unit)?),
        _ => return Err(format!("nobody knows what `{}` means", part.trim())),
    })
}

fn time(many: &str, unit: &str) -> Result<Duration, String> {
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    let known = UNITS.iter().find(|known| known.name == singular);
    let known = known.ok_or_else(|| format!("`{unit}` is no time"))?;
    let nanos = number(many)?.checked_mul(known.nanos);
    nanos.map(Duration::from_nanos).ok_or_else(|| format!("`{many} {unit}` is no time"))
}
