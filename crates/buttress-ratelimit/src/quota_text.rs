mod sentence;

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Algorithm, Quota};

/// Reads a quota as settings say it: `100/minute`, `20/second burst 60`, `5/15m fixed_window`, `30/hour queue 2s`,
/// `8 at once`. Or as it [prints](Quota#impl-Display-for-Quota).
///
/// A time is `second`, `minute`, `hour` or `day`, or a number with `ms`, `s`, `m`, `h` or `d`. Whether the numbers make
/// a limit is asked by [`Quota::check`].
///
/// ```
/// use buttress_ratelimit::{Algorithm, Quota};
/// use std::time::Duration;
///
/// assert_eq!("20/second burst 60".parse(), Ok(Quota::per_second(20).burst(60)));
/// assert_eq!("8 at once".parse(), Ok(Quota::at_once(8)));
/// let quarter = Quota::per(Duration::from_secs(900), 5);
/// assert_eq!("5/15m fixed_window".parse(), Ok(quarter.algorithm(Algorithm::FixedWindow)));
///
/// let error = "20/fortnight".parse::<Quota>().unwrap_err();
/// assert_eq!(error.to_string(), "`20/fortnight` is no quota: `fortnight` is no time");
/// ```
impl FromStr for Quota {
    type Err = InvalidQuota;

    fn from_str(text: &str) -> Result<Self, InvalidQuota> {
        let quota = sentence::read(text).unwrap_or_else(|| read(text));
        quota.map_err(|reason| InvalidQuota { text: text.to_owned(), reason })
    }
}

/// A text is no [`Quota`], and why.
///
/// ```
/// use buttress_ratelimit::Quota;
///
/// let invalid = "a lot".parse::<Quota>().unwrap_err();
/// assert_eq!(invalid.to_string(), "`a lot` is no quota: it begins as `100/minute` or `8 at once` do");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidQuota {
    text: String,
    reason: String,
}

impl fmt::Display for InvalidQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no quota: {}", self.text, self.reason)
    }
}

impl Error for InvalidQuota {}

fn read(text: &str) -> Result<Quota, String> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let Some((count, period)) = first.split_once('/') else { return at_once(first, words) };
    let mut quota = Quota::per(time(period)?, number(count)?);
    let mut said = Vec::new();
    while let Some(word) = words.next() {
        let what = if matches!(word, "burst" | "queue") { word } else { "algorithm" };
        if said.contains(&what) {
            return Err(format!("its {what} is said twice"));
        }
        said.push(what);
        let next = words.clone().next();
        quota = match (word, next) {
            ("burst", Some(burst)) => {
                words.next();
                quota.burst(number(burst)?)
            }
            ("queue", Some(queue)) => {
                words.next();
                quota.queue(time(queue)?)
            }
            _ => quota.algorithm(algorithm(word)?),
        };
    }
    Ok(quota)
}

fn at_once<'a>(count: &str, words: impl Iterator<Item = &'a str>) -> Result<Quota, String> {
    if !words.eq(["at", "once"]) {
        return Err("it begins as `100/minute` or `8 at once` do".to_owned());
    }
    number(count).map(Quota::at_once)
}

fn number(text: &str) -> Result<u64, String> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| format!("`{text}` is no number"))
}

fn time(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let count = if digits.is_empty() { Some(1) } else { digits.parse::<u64>().ok() };
    let unit = match (unit, digits.is_empty()) {
        ("ms", false) => Some(1),
        ("s", false) | ("s" | "second", true) => Some(1_000),
        ("m", false) | ("m" | "minute", true) => Some(60_000),
        ("h", false) | ("h" | "hour", true) => Some(3_600_000),
        ("d", false) | ("d" | "day", true) => Some(86_400_000),
        _ => None,
    };
    let millis = count.zip(unit).and_then(|(count, unit)| count.checked_mul(unit));
    millis.map(Duration::from_millis).ok_or_else(|| format!("`{text}` is no time"))
}

fn algorithm(word: &str) -> Result<Algorithm, String> {
    let all =
        [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingCounter, Algorithm::SlidingLog];
    let found = all.into_iter().find(|algorithm| algorithm.as_str() == word);
    found.ok_or_else(|| format!("nobody knows what `{word}` means"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_mean_what_they_say() {
        let ms = |millis| Duration::from_millis(millis);
        for (text, quota) in [
            ("100/minute", Quota::per_minute(100)),
            ("  1/day  ", Quota::per_day(1)),
            ("3/h", Quota::per_hour(3)),
            ("3/1h", Quota::per_hour(3)),
            ("7/250ms", Quota::per(ms(250), 7)),
            ("9/s burst 2 queue 1500ms", Quota::per_second(9).burst(2).queue(ms(1_500))),
            ("4/second sliding_log", Quota::per_second(4).algorithm(Algorithm::SlidingLog)),
        ] {
            assert_eq!(text.parse(), Ok(quota), "{text}");
        }
        for text in [
            "",
            "/",
            "1/",
            "/s",
            "x/s",
            "-1/s",
            "+1/s",
            "1/0",
            "1/ms",
            "1/s burst",
            "1/s burst x",
            "1/s concurrent",
            "1/s burst 2 burst 2",
            "1/s queue 1s burst 2 queue 2s",
            "1/s sliding_log gcra",
            "1 at",
            "1 every 15",
            "1 a fortnight",
            "1 a minute, as never",
            "1 a minute, up to x at once",
            "1 at the same",
            "at once",
            "1 at once more",
            "1/seconds",
            "99999999999999999999/s",
            "1/99999999999999999999d",
            "1/ſ",
        ] {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }

    /// Of all that makes a limit.
    fn quotas() -> impl Strategy<Value = Quota> {
        let period = (1_u64..100, 0_usize..7).prop_map(|(many, unit)| {
            let units = [1, 1_000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000];
            Duration::from_nanos(many * units.get(unit).unwrap_or(&86_400_000_000_000))
        });
        let (count, burst) = (1_u64..1_000, prop::option::of(1_u64..1_000));
        (count, period, burst, 0_usize..5, 0_u64..5_000).prop_map(
            |(count, period, burst, how, queue)| {
                let plain = Quota::per(period, count);
                match how {
                    0 => plain.queue(Duration::from_micros(queue)),
                    1 => plain.algorithm(Algorithm::FixedWindow),
                    2 => plain.algorithm(Algorithm::SlidingCounter),
                    3 => Quota::at_once(count),
                    // One that is the count says nothing.
                    _ => burst
                        .filter(|burst| *burst != count)
                        .map_or(plain, |burst| plain.burst(burst)),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_sentence_is_read_as_what_it_was_written_of(quota in quotas()) {
            prop_assert_eq!(quota.to_string().parse(), Ok(quota));
        }

        /// Nothing that stands in a file makes it panic, and what makes a limit can be said as a sentence.
        #[test]
        fn any_text_is_a_quota_or_is_not(text in "\\PC{0,40}|[0-9]{1,12}/[0-9]{0,9}[smhd]{1,2}( burst [0-9]{1,10})?") {
            if let Ok(quota) = text.parse::<Quota>() {
                let _ = quota.check();
                prop_assert!(!quota.to_string().is_empty());
            }
        }
    }
}
