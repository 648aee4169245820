use buttress_core::metrics::{Counter, Description, Gauge, Metric};

pub(super) const MEMBERS: Metric<Gauge, 2> = Metric::gauge(
    "buttress_breaker_fleet_members",
    "Processes in which the breaker has joined the fleet, as far as this one knows",
)
.labels(&["fleet", "breaker"]);

pub(super) const VOTES: Metric<Gauge, 2> = Metric::gauge(
    "buttress_breaker_fleet_votes",
    "Processes that found what the breaker protects down, as far as this one knows",
)
.labels(&["fleet", "breaker"]);

pub(super) const FAILURES: Metric<Counter, 1> = Metric::counter(
    "buttress_breaker_fleet_failures_total",
    "Questions to the fleet that were not answered",
)
.labels(&["fleet"]);

/// What a fleet counts, beside the metrics of each breaker.
pub const CATALOGUE: &[Description] =
    &[*MEMBERS.description(), *VOTES.description(), *FAILURES.description()];
