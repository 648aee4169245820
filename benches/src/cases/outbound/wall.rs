//! All of it, as one layer.

use buttress::Outbound;
use buttress::clock::{ms, secs};
use buttress::outcome::HttpClassify;
use buttress::prelude::CircuitBreaker;
use buttress::retry::{Backoff, Budget as Repeats, Jitter, Retry};

use super::calls::Ask;
use super::services::KeepsHead;
use super::{calls, empty, fixed, in_runtime, plain};
use crate::{Budget, Case, Hello};

/// A request without a body, of which a clone costs next to nothing.
pub const PLAIN: &str = "outbound wall, no head to clone";
/// A request without a body.
pub const EMPTY: &str = "outbound wall";
/// A request with one.
pub const BODY: &str = "outbound wall, a body";

/// The rows of this subject.
pub(super) fn cases() -> Vec<Case> {
    let groups: [(_, Ask, _); 3] = [
        (PLAIN, plain, Budget::new(1_705, 0)),
        (EMPTY, empty, Budget::new(3_530, 5)),
        (BODY, fixed, Budget::new(4_030, 6)),
    ];
    let sides = |(group, request, budget): (&'static str, Ask, Budget)| {
        let through = |wall: Outbound| in_runtime(calls(wall.layer_on(Hello), request));
        let [by_the_end, by_the_head] = [true, false].map(|follows| wall(follows).leak());
        [
            Case::bare(group, in_runtime(calls(Hello, request))),
            Case::ours(group, through(wall(true))).within(budget).on_two_threads(),
            Case::peer(group, "ours, leaked", through(by_the_end)).on_two_threads(),
            Case::peer(group, "ours, leaked, by the head", through(by_the_head)),
            Case::peer(group, "the head cloned, no wall", calls(KeepsHead(Hello), request)),
        ]
    };
    groups.into_iter().flat_map(sides).collect()
}

/// That of the README; or one whose breaker hears of no body, as no peer's does.
pub(super) fn wall(follows: bool) -> Outbound {
    let backoff = Backoff::exponential(ms(100)).max(secs(2)).jitter(Jitter::Full);
    let breaker = CircuitBreaker::after(5).failures_in(secs(60)).open_for(secs(1)..=secs(32));
    Outbound::to("payments")
        .classify(HttpClassify::new().follow_bodies(follows))
        .deadline(secs(30))
        .retry(Retry::up_to(3).backoff(backoff).budget(Repeats::percent(20)))
        .circuit_breaker(breaker)
        .bulkhead(64)
        .attempt_timeout(secs(5))
        .build()
        .expect("the settings are right")
}
