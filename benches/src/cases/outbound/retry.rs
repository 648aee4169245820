//! A retry whose first attempt succeeds, and a hedge that is not sent.

use buttress_core::clock::{TokioTimer, ms, secs};
use buttress_retry::{Backoff, Budget as Repeats, Hedge, Jitter, Retry, RetryLayer};
use tower_layer::Layer;

use super::calls::Ask;
use super::services::KeepsHead;
use super::{Slow, allocated, calls, empty, fixed, in_runtime, plain};
use crate::{Budget, Case, Hello};

/// A request without a body, of which a clone costs next to nothing.
pub const PLAIN: &str = "retry, a success, no head to clone";
/// A request without a body.
pub const EMPTY: &str = "retry, a success, no body";
/// A request with a body that is there as long as the program runs.
pub const FIXED: &str = "retry, a success, a static body";
/// A request with a body that was allocated.
pub const ALLOCATED: &str = "retry, a success, an allocated body";
/// A second attempt that would be made if the first were slow.
pub const HEDGE: &str = "hedge, not sent";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    let success = |group, request: Ask, budget| {
        let leaked = calls(repeating().leak().layer(Hello), request);
        [
            Case::bare(group, calls(Hello, request)),
            Case::ours(group, calls(repeating().layer(Hello), request))
                .within(budget)
                .on_two_threads(),
            Case::peer(group, "ours, leaked", leaked).on_two_threads(),
            Case::peer(group, "the head cloned, no retry", calls(KeepsHead(Hello), request)),
        ]
    };
    let hedging = hedging();
    let at_once = in_runtime(calls(hedging.layer(Hello), plain));
    let alone = in_runtime(calls(repeating().leak().layer(Slow), plain));
    [
        success(PLAIN, plain, Budget::new(950, 0)),
        success(EMPTY, empty, Budget::new(2_260, 5)),
        success(FIXED, fixed, Budget::new(2_680, 6)),
        success(ALLOCATED, allocated, Budget::new(2_680, 6)),
        [
            Case::bare(HEDGE, in_runtime(calls(Slow, plain))),
            Case::ours(HEDGE, in_runtime(calls(hedging.layer(Slow), plain))),
            Case::peer(HEDGE, "ours, retry alone", alone),
            Case::peer(HEDGE, "ours, ready at once", at_once),
        ],
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn repeating() -> RetryLayer<buttress_core::outcome::HttpClassify, TokioTimer> {
    let backoff = Backoff::exponential(ms(100)).max(secs(2)).jitter(Jitter::Full);
    let retry = Retry::up_to(3).backoff(backoff).budget(Repeats::percent(20)).timer(TokioTimer);
    retry.build().expect("the settings are right")
}

fn hedging() -> RetryLayer<buttress_core::outcome::HttpClassify, TokioTimer> {
    let retry = Retry::up_to(3).budget(Repeats::percent(20)).hedge(Hedge::after(ms(50)));
    retry.timer(TokioTimer).build().expect("the settings are right").leak()
}
