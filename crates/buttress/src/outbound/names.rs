//! What is wrong stands in a file under the name that it has there, which is not always that of the builder.

use buttress_core::{BuildError, Fault};

/// What the builders say, and the file.
const NAMES: [(&str, &str); 19] = [
    ("deadline", "deadline_ms"),
    ("attempt_timeout", "attempt_timeout_ms"),
    ("throttle.window", "throttle.window_ms"),
    ("adaptive.between", "adaptive.least"),
    ("adaptive.measured_every", "adaptive.measured_every_ms"),
    ("adaptive.slow", "adaptive.slow_ms"),
    ("shed.between", "shed.limit.least"),
    ("shed.starting_at", "shed.limit.starting_at"),
    ("shed.tolerance", "shed.limit.tolerance"),
    ("shed.measured_every", "shed.limit.measured_every_ms"),
    ("shed.slow", "shed.limit.slow_ms"),
    ("shed.target", "shed.target_ms"),
    ("shed.queue.length", "shed.queue"),
    ("shed.queue.at_most", "shed.at_most_ms"),
    ("retry.backoff", "retry.backoff.first_ms"),
    ("retry.hedge", "retry.hedge.after_ms"),
    ("circuit_breaker.lease", "circuit_breaker.lease_ms"),
    ("bulkhead.queue.length", "bulkhead.queue"),
    ("bulkhead.queue.at_most", "bulkhead.at_most_ms"),
];

/// With faults where they stand in a file.
pub(super) fn in_a_file(error: BuildError) -> BuildError {
    error.placed(|fault| name(fault).to_owned())
}

fn name(fault: &Fault) -> &str {
    let path = fault.path();
    NAMES.iter().find(|(builder, _)| *builder == path).map_or(path, |(_, file)| file)
}
