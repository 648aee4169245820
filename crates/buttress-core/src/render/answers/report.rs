//! What the log and the metrics hear of a problem.

use std::error::Error;

use tracing::{debug, error, warn};

use super::Answers;
use super::floods::Kind;
use crate::clock::Moment;
use crate::trace::TraceId;
use crate::{Problem, Redact, causes};

/// How much of a source is told, in bytes.
const MOST: usize = 2_048;

/// Where the events are found, wherever this file may be.
pub(super) const TARGET: &str = "buttress";

/// Whose problem it is.
#[derive(Default)]
pub(crate) struct Who<'a> {
    pub(crate) id: Option<&'a str>,
    /// By which id the answer was known to who gave it, if that is another one: a body that is kept may have it.
    pub(crate) upstream: Option<&'a str>,
    pub(crate) trace: Option<TraceId>,
    pub(crate) route: Option<&'a str>,
}

impl Answers {
    /// Tells of a problem, where its request ends.
    pub(crate) fn report(&self, problem: &Problem, who: &Who<'_>, now: Moment) {
        let labels = [problem.code().name(), problem.class().as_str(), who.route.unwrap_or("none")];
        self.0.errors.with(labels).increment(1);
        let kind = Kind::of(problem);
        if kind.is_heard() && self.0.floods.admit(kind, problem.code().name(), now) {
            self.tell(kind, problem, who);
        }
    }

    /// Tells how many lines were left out, of seconds that are over: each request asks for it, so that nobody
    /// has to wait for a timer, nor for the next failure.
    #[inline]
    pub(crate) fn tell_left_out(&self, now: Moment) {
        if self.0.floods.are_due(now) {
            self.0.floods.tell_due(now);
        }
    }

    fn tell(&self, kind: Kind, problem: &Problem, who: &Who<'_>) {
        let (code, status) = (problem.code().name(), problem.status().as_u16());
        let (request_id, upstream_id, route) = (who.id, who.upstream, who.route);
        let trace_id = who.trace.map(tracing::field::display);
        match kind {
            Kind::Fault => {
                let source = sources(problem, &self.0.redact);
                error!(
                    target: TARGET,
                    code, status, request_id, upstream_id, trace_id, route, source, "request failed"
                );
            }
            Kind::Shortage => {
                warn!(
                    target: TARGET,
                    code, status, request_id, upstream_id, trace_id, route, "request failed"
                );
            }
            Kind::Refusal => {
                debug!(
                    target: TARGET,
                    code, status, request_id, upstream_id, route, "request refused"
                );
            }
        }
    }
}

/// The chain of errors behind a problem, without what must not stand in a log. One that says what the one before says,
/// as an I/O error does around another error, is told once.
pub(super) fn sources(problem: &Problem, redact: &Redact) -> Option<String> {
    let (mut chain, mut last) = (String::new(), None);
    for source in causes(problem.source()?) {
        let said = Some(source.to_string());
        if said != last {
            let between = if last.is_some() { ": " } else { "" };
            chain.extend([between, said.as_deref().unwrap_or_default()]);
            last = said;
        }
    }
    Some(redact.text(&chain, MOST).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io;

    use buttress_testkit::errors::Ring;

    use super::*;

    #[test]
    fn a_chain_is_told_once_and_has_an_end() {
        let told = |problem: Problem| sources(&problem, &Redact::default());
        assert_eq!(told(Problem::internal(Ring)).unwrap(), "round and round");
        let broken = Problem::internal(io::Error::other("db7 is gone"));
        assert_eq!(told(broken).unwrap(), "db7 is gone");
        let behind = Problem::internal(Problem::gone().with_source("db7 is gone"));
        assert_eq!(told(behind).unwrap(), "GONE: This is no longer here.: db7 is gone");
        assert_eq!(told(Problem::gone()), None);
    }
}
