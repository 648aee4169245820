use buttress_core::Problem;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::line::Line;

/// Where headers are written.
pub(crate) trait Place {
    /// Whether somebody has written this one.
    fn has(&self, name: &HeaderName) -> bool;
    /// Writes it, beside others of the name.
    fn put(&mut self, name: HeaderName, value: HeaderValue);
    /// The same of what was put together for it.
    fn put_line(&mut self, name: HeaderName, line: &Line);
}

impl Place for HeaderMap {
    fn has(&self, name: &HeaderName) -> bool {
        self.contains_key(name)
    }

    /// A map that is full carries none of it: better than a panic.
    fn put(&mut self, name: HeaderName, value: HeaderValue) {
        let _ = self.try_append(name, value);
    }

    fn put_line(&mut self, name: HeaderName, line: &Line) {
        if let Some(value) = line.value() {
            self.put(name, value);
        }
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

    /// A problem hands its headers out as copies.
    fn put_line(&mut self, name: HeaderName, line: &Line) {
        if let Some(value) = line.shared() {
            self.put(name, value);
        }
    }
}
