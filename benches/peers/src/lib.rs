//! The foreign middleware that Buttress is measured against: one file for each subject, whose
//! `cases()` stand in the same groups as ours.

mod limit;
mod metrics;
mod outbound;
mod problem;
mod request_id;

use buttress_benches::Case;

/// Ours, the bare sides and the peers, the members of a group one after another.
#[must_use]
pub fn cases() -> Vec<Case> {
    let peers = [
        limit::cases(),
        metrics::cases(),
        outbound::cases(),
        problem::cases(),
        request_id::cases(),
    ]
    .into_iter()
    .flatten();
    buttress_benches::cases::together(buttress_benches::cases::all().into_iter().chain(peers))
}
