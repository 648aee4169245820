//! The texts of reports: made once where they can be, put together where they must.

use std::fmt::Write;
use std::time::Duration;

use buttress_core::clock::Timestamp;
use bytes::Bytes;

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
    /// Its name in `application/health+json`, up to the measured value.
    health_json: Box<str>,
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
            health_json: format!("{}:[{{", string(&format!("{name}:responseTime"))).into(),
        }
    }
}

/// What a report says of a check after its last run.
pub(crate) fn seen(seen: &Seen) -> Box<str> {
    let mut text = format!(r#","latencyMs":{}"#, millis(seen.latency));
    if let Some(time) = seen.last_success {
        let _ = write!(text, r#","lastSuccess":"{time}""#);
    }
    let _ = write!(text, r#","since":"{}""#, seen.since);
    if let Some(message) = &seen.message {
        text.push_str(r#","message":"#);
        text.push_str(&string(message));
    }
    if !seen.details.is_empty() {
        let details = seen.details.iter();
        let details: Vec<_> =
            details.map(|(name, value)| format!("{}:{}", string(name), string(value))).collect();
        let _ = write!(text, r#","details":{{{}}}"#, details.join(","));
    }
    text.push('}');
    text.into()
}

impl Slot {
    /// One element of `checks`.
    pub(crate) fn write(&self, status: CheckStatus, into: &mut String) {
        into.push_str(&self.texts.head);
        into.push_str(status.as_str());
        into.push_str(&self.texts.tail);
        match &*self.seen.load() {
            Some(seen) => into.push_str(&seen.text),
            None => into.push('}'),
        }
    }

    /// One member of `checks` in `application/health+json`.
    pub(crate) fn write_health_json(&self, status: CheckStatus, into: &mut String) {
        into.push_str(&self.texts.health_json);
        if let Some(seen) = &*self.seen.load() {
            let (latency, time) = (millis(seen.latency), seen.time);
            let _ =
                write!(into, r#""observedValue":{latency},"observedUnit":"ms","time":"{time}","#);
            if let Some(message) = &seen.message {
                let _ = write!(into, r#""output":{},"#, string(message));
            }
        }
        let _ = write!(into, r#""status":"{}"}}]"#, status.in_health_json());
    }
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
