use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use buttress_core::Faults;
use buttress_core::metrics::Metrics;

use crate::check::Timing;
use crate::json::SlotTexts;
use crate::metrics::CheckCounts;
use crate::parts::ArcSwapOption;
use crate::parts::atomic::AtomicBool;
use crate::slot::{Plan, Slot};
use crate::{Check, CheckSettings, Importance};

/// Nobody needs to know it more often.
const SHORTEST: Duration = Duration::from_millis(10);
/// Of a check, a group and a tag, in bytes.
pub(crate) const LONGEST_NAME: usize = 64;
const MOST_WORDS: usize = 16;

/// Decides all that a check left open, and notes what is wrong.
pub(crate) fn slots(
    faults: &mut Faults,
    settings: &CheckSettings,
    checks: Vec<Check>,
    metrics: &Metrics,
) -> Box<[Slot]> {
    let defaults = defaults(faults, settings);
    let mut names = HashSet::new();
    let any_startup = checks.iter().any(|check| check.startup);
    let mut slots = Vec::with_capacity(checks.len());
    for check in checks {
        let name = check.probe.name().to_owned();
        let path = format!("checks.{name}");
        if !is_name(&name) {
            faults.add(
                &path,
                format_args!("must have a name of 1 to {LONGEST_NAME} visible characters"),
            );
        } else if !names.insert(name.clone()) {
            faults.add(&path, "is used twice");
        }
        if let Some(fault) = &check.fault {
            faults.add(&path, fault);
        }
        words(faults, &path, &check);
        let plan = plan(faults, &path, &defaults, settings.jitter_percent, &check);
        slots.push(slot(name, plan, check, any_startup, metrics));
    }
    slots.into()
}

fn slot(name: String, plan: Plan, check: Check, any_startup: bool, metrics: &Metrics) -> Slot {
    let by_probe =
        if check.probe.critical() { Importance::Critical } else { Importance::Degrading };
    let importance = check.importance.unwrap_or(by_probe);
    let is_critical = importance == Importance::Critical;
    Slot {
        counts: CheckCounts::new(metrics, &name),
        texts: SlotTexts::new(&name, importance, &check.groups, &check.tags),
        startup: if any_startup { check.startup } else { is_critical },
        name,
        importance,
        groups: check.groups,
        tags: check.tags,
        plan,
        probe: check.probe,
        hops: check.hops,
        seen: ArcSwapOption::empty(),
        succeeded: AtomicBool::new(false),
        claimed: AtomicBool::new(false),
    }
}

/// What the settings say, as a check would say it.
fn defaults(faults: &mut Faults, settings: &CheckSettings) -> Timing {
    let of = |millis| Some(Duration::from_millis(millis));
    for (name, runs) in [("fall", settings.fall), ("rise", settings.rise)] {
        if runs == 0 {
            faults.add(format!("checks.{name}"), "must be at least 1");
        }
    }
    if settings.jitter_percent > 100 {
        faults.add("checks.jitter_percent", "must be at most 100");
    }
    for (name, millis) in
        [("deadline_ms", settings.deadline_ms), ("interval_ms", settings.interval_ms)]
    {
        if Duration::from_millis(millis) < SHORTEST {
            faults.add(format!("checks.{name}"), format_args!("must be at least {SHORTEST:?}"));
        }
    }
    let (deadline, interval) = (of(settings.deadline_ms), of(settings.interval_ms));
    let longest = longest(deadline, interval, settings.jitter_percent);
    let stale_after = settings.stale_after_ms.map(Duration::from_millis);
    Timing {
        deadline,
        interval,
        // What is wrong here is told here, and not once more for each check.
        stale_after: stale_after
            .and_then(|age| longer(faults, "checks.stale_after_ms", age, longest)),
        fall: Some(settings.fall),
        rise: Some(settings.rise),
    }
}

fn plan(faults: &mut Faults, path: &str, defaults: &Timing, jitter: u8, check: &Check) -> Plan {
    let own = &check.timing;
    for (name, time) in [("deadline", own.deadline), ("every", own.interval)] {
        if time.is_some_and(|time| time < SHORTEST) {
            faults.add(format!("{path}.{name}"), format_args!("must be at least {SHORTEST:?}"));
        }
    }
    for (name, runs) in [("fall", own.fall), ("rise", own.rise)] {
        if runs == Some(0) {
            faults.add(format!("{path}.{name}"), "must be at least 1");
        }
    }
    let deadline = own.deadline.or(defaults.deadline);
    let interval = own.interval.or(defaults.interval);
    let longest = longest(deadline, interval, jitter);
    let stale_after = own.stale_after.or(defaults.stale_after);
    let stale_after =
        stale_after.and_then(|age| longer(faults, &format!("{path}.stale_after"), age, longest));
    Plan {
        deadline: deadline.unwrap_or_default(),
        interval: interval.unwrap_or_default(),
        jitter: u16::from(jitter) * 10,
        initial_delay: check.initial_delay,
        stale_after: stale_after.unwrap_or_else(|| longest.saturating_mul(3)),
        fall: at_least_once(own.fall.or(defaults.fall)),
        rise: at_least_once(own.rise.or(defaults.rise)),
    }
}

/// From the start of a run to the start of the next, at the most.
fn longest(deadline: Option<Duration>, interval: Option<Duration>, jitter: u8) -> Duration {
    let interval = interval.unwrap_or_default().saturating_mul(100 + u32::from(jitter)) / 100;
    deadline.unwrap_or_default().saturating_add(interval)
}

/// The age beyond which a result does not count, if the next one can be there before.
fn longer(faults: &mut Faults, path: &str, age: Duration, longest: Duration) -> Option<Duration> {
    if age > longest {
        return Some(age);
    }
    faults
        .add(path, format_args!("{age:?} is not longer than a run with its interval, {longest:?}"));
    None
}

fn at_least_once(runs: Option<u32>) -> NonZeroU32 {
    runs.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

fn words(faults: &mut Faults, path: &str, check: &Check) {
    for (name, words) in [("group", &check.groups), ("tag", &check.tags)] {
        if words.len() > MOST_WORDS {
            faults.add(
                format!("{path}.{name}"),
                format_args!("must be at most {MOST_WORDS}, not {}", words.len()),
            );
        }
        for word in words {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if word.is_empty() || word.len() > LONGEST_NAME || !word.bytes().all(plain) {
                let reason = "must be 1 to 64 letters, digits and `-_.`";
                faults.add(format!("{path}.{name}"), format_args!("`{word}` {reason}"));
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
}
