use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::{Health, HealthStatus, Redact};

use crate::accept::Shape;
use crate::slot::{Plan, Seen};
use crate::{CheckStatus, Hysteresis, json};

/// What one run brought.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) health: Health,
    pub(crate) took: Duration,
    pub(crate) ended: Moment,
    pub(crate) time: Timestamp,
}

/// How a check has been so far: turns what runs brought into what is shown.
#[derive(Debug)]
pub(crate) struct Course {
    hysteresis: Hysteresis,
    stale_after: Duration,
    since: Timestamp,
    last_success: Option<Timestamp>,
    /// From when on nobody knows what is shown, if anything was.
    expires: Option<Moment>,
}

/// A status that became another: from pending, at the first run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Transition {
    pub(crate) from: CheckStatus,
    pub(crate) to: HealthStatus,
}

/// Nobody reads more of a message, or of a detail, in bytes.
pub(crate) const LONGEST_MESSAGE: usize = 256;
const LONGEST_VALUE: usize = 128;
const MOST_DETAILS: usize = 8;

impl Course {
    /// Goes on from what was shown before, if anything was.
    pub(crate) fn new(plan: &Plan, before: Option<&Seen>) -> Self {
        let shown = before.map(|seen| seen.status);
        Self {
            hysteresis: Hysteresis::new(plan.fall, plan.rise).resume(shown),
            stale_after: plan.stale_after,
            since: before.map_or(Timestamp::EPOCH, |seen| seen.since),
            last_success: before.and_then(|seen| seen.last_success),
            expires: before.map(|seen| seen.expires),
        }
    }

    pub(crate) fn note(
        &mut self,
        finding: &Finding,
        redact: &Redact,
    ) -> (Seen, Option<Transition>) {
        let from = self.shown(finding.ended);
        if from == CheckStatus::Unknown {
            // What nobody knows any more is no reason to doubt a run: it decides, as the first one did.
            self.hysteresis.forget();
        }
        let to = self.hysteresis.observe(finding.health.status());
        let transition = (from != to.into()).then_some(Transition { from, to });
        if transition.is_some() {
            self.since = finding.time;
        }
        if finding.health.status() != HealthStatus::Down {
            self.last_success = Some(finding.time);
        }
        let expires = finding.ended + self.stale_after;
        self.expires = Some(expires);
        let mut seen = Seen {
            status: to,
            latency: finding.took,
            time: finding.time,
            since: self.since,
            last_success: self.last_success,
            message: finding.health.message().map(|text| redact.text(text, LONGEST_MESSAGE).into()),
            details: details(&finding.health, redact),
            expires,
            text: Box::default(),
            health_text: Box::default(),
        };
        seen.text = json::seen(&seen, Shape::Plain);
        seen.health_text = json::seen(&seen, Shape::HealthJson);
        (seen, transition)
    }

    /// What a report says before this run comes in.
    fn shown(&self, now: Moment) -> CheckStatus {
        match self.hysteresis.shown() {
            None => CheckStatus::Pending,
            Some(_) if self.expires.is_some_and(|expires| now >= expires) => CheckStatus::Unknown,
            Some(shown) => shown.into(),
        }
    }
}

/// Each name once, as they become members of an object: the last of equal ones counts.
pub(crate) fn details(health: &Health, redact: &Redact) -> Vec<(Box<str>, Box<str>)> {
    let mut shown: Vec<(Box<str>, Box<str>)> = Vec::new();
    for (name, value) in health.details() {
        let hides = redact.hides_field(name);
        let value = if hides { "***".into() } else { redact.text(value, LONGEST_VALUE) };
        let name = redact.text(name, LONGEST_VALUE);
        if let Some((_, before)) = shown.iter_mut().find(|(before, _)| **before == *name) {
            *before = value.into();
        } else if shown.len() < MOST_DETAILS {
            shown.push((name.into(), value.into()));
        }
    }
    shown
}
