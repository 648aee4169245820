//! The texts of reports: made once where they can be, put together where they must.

use std::fmt::Write;
use std::time::Duration;

use buttress_core::HealthStatus;
use buttress_core::clock::Timestamp;
use bytes::Bytes;

use crate::accept::Shape;
use crate::slot::{Seen, Slot};
use crate::traffic::Flow;
use crate::{CheckStatus, Importance};

/// What a report says of a check whatever it saw.
#[derive(Debug)]
pub(crate) struct SlotTexts {
    /// Up to its status.
    head: Box<str>,
    /// After its status.
    tail: Box<str>,
    /// Up to its status in `application/health+json`.
    health_head: Box<str>,
}

impl SlotTexts {
    pub(crate) fn new(
        name: &str,
        importance: Importance,
        groups: &[String],
        tags: &[String],
    ) -> Self {
        let is_critical = importance == Importance::Critical;
        let mut tail =
            format!(r#"","critical":{is_critical},"importance":"{}""#, importance.as_str());
        for (field, values) in [("groups", groups), ("tags", tags)] {
            if !values.is_empty() {
                let values: Vec<_> = values.iter().map(|value| string(value)).collect();
                let _ = write!(tail, r#","{field}":[{}]"#, values.join(","));
            }
        }
        Self {
            head: format!(r#"{{"name":{},"status":""#, string(name)).into(),
            tail: tail.into(),
            health_head: format!(
                r#"{}:[{{"componentType":"component","status":""#,
                string(&format!("{name}:responseTime"))
            )
            .into(),
        }
    }
}

/// What a report says of a check after its last run, up to its end.
pub(crate) fn seen(seen: &Seen, shape: Shape) -> Box<str> {
    let (latency, time) = (millis(seen.latency), seen.time);
    let mut text = match shape {
        Shape::Plain => format!(r#","latencyMs":{latency}"#),
        Shape::HealthJson => {
            format!(r#","observedValue":{latency},"observedUnit":"ms","time":"{time}""#)
        }
    };
    if let Some(time) = seen.last_success {
        let _ = write!(text, r#","lastSuccess":"{time}""#);
    }
    let _ = write!(text, r#","since":"{}""#, seen.since);
    said(&mut text, message_name(seen.status, shape), seen.message.as_deref(), &seen.details);
    text.push_str(end(shape));
    text.into()
}

/// How the member for a message is called. In `application/health+json` a pass has no `output`.
pub(crate) const fn message_name(status: HealthStatus, shape: Shape) -> &'static str {
    match (shape, status) {
        (Shape::Plain, _) | (Shape::HealthJson, HealthStatus::Up) => "message",
        (Shape::HealthJson, _) => "output",
    }
}

/// The members for what somebody said, each with its comma in front.
pub(crate) fn said(
    into: &mut String,
    name: &str,
    message: Option<&str>,
    details: &[(Box<str>, Box<str>)],
) {
    if let Some(message) = message {
        let _ = write!(into, r#","{name}":{}"#, string(message));
    }
    if !details.is_empty() {
        let each = details.iter();
        let each: Vec<_> =
            each.map(|(name, value)| format!("{}:{}", string(name), string(value))).collect();
        let _ = write!(into, r#","details":{{{}}}"#, each.join(","));
    }
}

const fn end(shape: Shape) -> &'static str {
    match shape {
        Shape::Plain => "}",
        Shape::HealthJson => "}]",
    }
}

impl Slot {
    /// One element of `checks`, or one member in `application/health+json`: that draft has fewer words for how a check
    /// is, so ours stands beside them.
    pub(crate) fn write(&self, status: CheckStatus, shape: Shape, into: &mut String) {
        match shape {
            Shape::Plain => into.push_str(&self.texts.head),
            Shape::HealthJson => {
                into.push_str(&self.texts.health_head);
                into.push_str(status.in_health_json());
                into.push_str(r#"","state":""#);
            }
        }
        into.push_str(status.as_str());
        into.push_str(&self.texts.tail);
        match (&*self.seen.load(), shape) {
            (Some(seen), Shape::Plain) => into.push_str(&seen.text),
            (Some(seen), Shape::HealthJson) => into.push_str(&seen.health_text),
            (None, shape) => into.push_str(end(shape)),
        }
    }
}

/// The member for the uptime in `application/health+json`.
pub(crate) fn uptime(word: &str, seconds: &str, time: &str) -> String {
    measured("uptime", (seconds, "s"), word, time)
}

/// The members of the summary in `application/health+json`, each with its comma in front.
pub(crate) fn summary_in_health_json(
    flow: Option<Flow>,
    resident: Option<u64>,
    time: &str,
) -> String {
    let mut text = String::new();
    let mut add = |name, value: String, unit| {
        text.push(',');
        text.push_str(&measured(name, (&value, unit), "pass", time));
    };
    if let Some(flow) = flow {
        add("requests:perSecond", format!("{:.2}", flow.per_second), "1/s");
        add("requests:p50", millis(flow.p50), "ms");
        add("requests:p95", millis(flow.p95), "ms");
        add("requests:p99", millis(flow.p99), "ms");
    }
    if let Some(bytes) = resident {
        add("memory:resident", bytes.to_string(), "bytes");
    }
    text
}

/// One member for something that is measured.
fn measured(name: &str, (value, unit): (&str, &str), word: &str, time: &str) -> String {
    format!(
        r#""{name}":[{{"componentType":"system","observedValue":{value},"observedUnit":"{unit}","status":"{word}","time":"{time}"}}]"#
    )
}

/// The members of the summary, each with its comma in front.
pub(crate) fn summary(flow: Option<Flow>, resident: Option<u64>) -> String {
    let mut text = String::new();
    if let Some(flow) = flow {
        let (p50, p95, p99) = (millis(flow.p50), millis(flow.p95), millis(flow.p99));
        let (rate, window) = (flow.per_second, flow.window.as_secs());
        let _ = write!(
            text,
            r#","requests":{{"perSecond":{rate:.2},"p50Ms":{p50},"p95Ms":{p95},"p99Ms":{p99},"windowSeconds":{window}}}"#
        );
    }
    if let Some(bytes) = resident {
        let _ = write!(text, r#","memory":{{"residentBytes":{bytes}}}"#);
    }
    text
}

/// As a JSON string, with its quotes.
pub(crate) fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

fn millis(time: Duration) -> String {
    format!("{}.{:03}", time.as_millis(), time.as_micros() % 1_000)
}

/// One block of memory of just the right size.
pub(crate) fn concat(parts: &[&str]) -> Bytes {
    let mut whole = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        whole.extend_from_slice(part.as_bytes());
    }
    Bytes::from(whole)
}

/// A short text on the stack.
pub(crate) struct Short {
    bytes: [u8; 32],
    used: usize,
}

impl Short {
    pub(crate) fn of(value: impl std::fmt::Display) -> Self {
        let mut short = Self { bytes: [0; 32], used: 0 };
        // A number of 64 bits and a time of day both fit.
        let _ = write!(short, "{value}");
        short
    }

    pub(crate) fn time(time: Timestamp) -> Self {
        Self::of(time)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.used]).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.used + text.len();
        let Some(room) = self.bytes.get_mut(self.used..end) else { return Err(std::fmt::Error) };
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}
