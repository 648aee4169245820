use std::error::Error;

use http::Extensions;
use tracing::{Level, debug, enabled, error};

use super::RequestContext;
use crate::{Class, Problem, Redact};

/// How much of a source is told, in bytes.
const MOST: usize = 2_048;

/// Where the events are found, wherever this file may be.
const TARGET: &str = "buttress";

/// Tells the log of the problem that a response carries, where its request ends.
///
/// A refusal on purpose has no source, and is no error: under a flood of them the log would be one too.
pub(super) fn report(extensions: &Extensions, context: &RequestContext, redact: &Redact) {
    let Some(problem) = found(extensions) else { return };
    let (code, status) = (problem.code().name(), problem.status().as_u16());
    let (id, route) = (context.id().as_str(), context.route());
    let is_fault = problem.class() == Class::Server && problem.source().is_some();
    if !is_fault {
        debug!(target: TARGET, code, status, request_id = id, route, "request refused");
    } else if enabled!(target: TARGET, Level::ERROR) {
        let source = sources(&problem, redact);
        let trace = context.trace().trace_id();
        error!(
            target: TARGET,
            code, status, request_id = id, trace_id = %trace, route, source, "request failed"
        );
    }
}

/// The problem of a refusal, or the one that tonic keeps as the source of a status.
fn found(extensions: &Extensions) -> Option<Problem> {
    let problem = extensions.get::<Problem>().cloned();
    #[cfg(feature = "tonic")]
    let problem = problem.or_else(|| {
        let status = extensions.get::<tonic::Status>()?;
        status.source()?.downcast_ref::<Problem>().cloned()
    });
    problem
}

/// The chain of errors behind a problem, without what must not stand in a log.
fn sources(problem: &Problem, redact: &Redact) -> Option<String> {
    let mut next = problem.source();
    let mut chain = next?.to_string();
    while let Some(source) = next.and_then(Error::source) {
        chain.push_str(": ");
        chain.push_str(&source.to_string());
        next = Some(source);
    }
    Some(redact.text(&chain, MOST).into_owned())
}
