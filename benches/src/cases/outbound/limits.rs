//! A time-out, and a bulkhead.

use buttress_core::clock::{TokioTimer, secs};
use buttress_overload::bulkhead::{Bulkhead, BulkheadLayer};
use buttress_overload::timeout::Timeout;
use tower_layer::Layer;

use super::{Slow, calls, in_runtime, plain};
use crate::{Budget, Case, Hello};

/// What is ready at once.
pub const READY: &str = "timeout, ready";
/// What has to be waited for.
pub const PENDING: &str = "timeout, pending";
/// A call for which there is a permit.
pub const BULKHEAD: &str = "bulkhead";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    let timeout = Timeout::after(secs(5), TokioTimer).layer();
    let kept = timeout.clone().keep_body();
    let bulkhead = || Bulkhead::of(64).build().expect("the settings are right");
    let leaked = bulkhead().leak().layer();
    let kept_bulkhead = leaked.clone().keep_body();
    let to_the_end = leaked.clone().until_body_ends();
    let held = |layer: BulkheadLayer| calls(layer.layer(Hello), plain);
    vec![
        Case::bare(READY, in_runtime(calls(Hello, plain))),
        Case::ours(READY, in_runtime(calls(timeout.layer(Hello), plain)))
            .within(Budget::new(95, 0)),
        Case::peer(READY, "ours, body kept", in_runtime(calls(kept.layer(Hello), plain))),
        Case::bare(PENDING, in_runtime(calls(Slow, plain))),
        Case::ours(PENDING, in_runtime(calls(timeout.layer(Slow), plain))),
        Case::peer(PENDING, "ours, body kept", in_runtime(calls(kept.layer(Slow), plain))),
        Case::bare(BULKHEAD, calls(Hello, plain)).on_two_threads(),
        Case::ours(BULKHEAD, held(bulkhead().layer())).within(Budget::new(215, 0)).on_two_threads(),
        Case::peer(BULKHEAD, "ours, leaked", held(leaked)).on_two_threads(),
        Case::peer(BULKHEAD, "ours, leaked, body kept", calls(kept_bulkhead.layer(Hello), plain))
            .on_two_threads(),
        Case::peer(
            BULKHEAD,
            "ours, leaked, to the end of the body",
            calls(to_the_end.layer(Hello), plain),
        ),
    ]
}
