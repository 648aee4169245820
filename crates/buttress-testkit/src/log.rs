//! What was told to `tracing`, line by line.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use buttress_core::sync::Lock;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Keeps what is told: an event as its level and its fields, a span as `SPAN` and its fields. Clones keep the
/// same.
///
/// ```
/// use buttress_testkit::log::Log;
///
/// let log = Log::default();
/// let listening = log.listen();
/// tracing::warn!(left = 3, "running out");
/// assert_eq!(log.take(), ["WARN message=running out left=3"]);
/// # drop(listening);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: Arc<Lock<Vec<String>>>,
    target: Option<&'static str>,
}

impl Log {
    /// Hears one target only.
    #[must_use]
    pub fn of(target: &'static str) -> Self {
        Self { target: Some(target), ..Self::default() }
    }

    /// Listens on this thread, until the guard is dropped.
    #[must_use = "it listens only as long as the guard lives"]
    pub fn listen(&self) -> DefaultGuard {
        Self::keep_events_on();
        tracing::subscriber::set_default(self.clone())
    }

    /// Listens on every thread, from now on.
    ///
    /// # Panics
    ///
    /// If somebody listens already.
    pub fn listen_everywhere(&self) {
        tracing::subscriber::set_global_default(self.clone()).expect("nobody listens yet");
    }

    /// The lines since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock())
    }

    /// Tells the fields that a span was given later.
    pub fn note(&self, start: &str, values: &Record<'_>) {
        let mut line = Line(start.to_owned());
        values.record(&mut line);
        if line.0.len() > start.len() {
            self.push(line);
        }
    }

    /// An event that another thread meets first, where nobody listens, would be off for all threads.
    fn keep_events_on() {
        let _ = tracing::subscriber::set_global_default(Deaf);
    }

    fn push(&self, line: Line) {
        self.lines.lock().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.target.is_none_or(|target| metadata.target() == target)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line("SPAN".to_owned());
        span.record(&mut line);
        self.push(line);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.note("SPAN", values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Wants to hear everything, and keeps nothing.
struct Deaf;

impl Subscriber for Deaf {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
