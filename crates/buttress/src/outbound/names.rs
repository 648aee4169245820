//! What is wrong stands in a file under the name that it has there, which is not always that of the builder.

use buttress_core::BuildError;

/// What the wall says, and the file. What the parts find themselves they name as it stands there.
const NAMES: [(&str, &str); 5] = [
    ("deadline", "deadline_ms"),
    ("attempt_timeout", "attempt_timeout_ms"),
    ("retry.backoff", "retry.backoff.first_ms"),
    ("retry.hedge", "retry.hedge.after_ms"),
    ("circuit_breaker.lease", "circuit_breaker.lease_ms"),
];

/// With faults where they stand in a file.
pub(super) fn in_a_file(error: BuildError) -> BuildError {
    error.renamed(&NAMES)
}
