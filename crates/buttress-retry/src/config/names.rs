//! What is wrong stands in a file under the name that it has there, which is not always that of the builder.

use buttress_core::BuildError;

use super::RetrySettings;

/// What the builder says, and the file.
const NAMES: [(&str, &str); 10] = [
    ("backoff.first", "backoff.first_ms"),
    ("backoff.max", "backoff.max_ms"),
    ("follow.up_to", "follow.up_to_ms"),
    ("follow.within", "follow.within_ms"),
    ("budget.ratio", "budget.percent"),
    ("budget.window", "budget.window_ms"),
    ("budget.cost", "budget.throttled_cost"),
    ("hedge.after", "hedge.after_ms"),
    ("hedge.until_known", "hedge.after_ms"),
    ("keep_bodies.per_call", "keep_bytes"),
];

/// With faults where they stand in a file.
pub(super) fn in_a_file(error: BuildError, settings: &RetrySettings) -> BuildError {
    let kept = match settings.keep_bytes_overall {
        Some(_) => "keep_bytes_overall",
        None => "keep_bytes",
    };
    error.renamed(&[("keep_bodies", kept)]).renamed(&NAMES)
}
