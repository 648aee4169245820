//! What the wall is made of, from the outside in.

use buttress_core::Reply;
use buttress_core::clock::TokioTimer;
use buttress_core::outcome::{HttpClassify, JudgedBody};
use buttress_core::stage::Keep;
use buttress_core::sync::Shared;
use buttress_overload::adaptive::Adaptive;
use buttress_overload::deadline::DeadlineLayer;
use buttress_overload::door::{ByExtension, Door, DoorLayer};
use buttress_overload::shed::Shed;
use buttress_overload::throttle::Throttle;
use buttress_retry::{Retry, RetryLayer, RetryPolicy};
use tower_layer::Layer;

use super::attempt::{Attempts, BodyTicket, Gated, Limits};
use super::way::Way;

/// The body of an answer: the dependency's own, or that of an answer in its place.
pub type OutboundBody<B> = Reply<JudgedBody<B, HttpClassify, BodyTicket>>;

/// Those that may turn a call away before anything is done for it: the cheapest first, and who waits last.
pub(super) type Guards = (Option<Throttle>, (Option<Adaptive>, Option<Shed<TokioTimer>>));

// Right at the client the body becomes one that refusals can be put into, and one that tells the breaker how it ended:
// whoever stands outside of that keeps its type.
pub(super) type Repeated<S> = Retry<Attempts<S>, HttpClassify, TokioTimer>;
pub(super) type BehindGuards<S> = Door<Repeated<S>, Guards, HttpClassify, Keep, ByExtension>;

#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) deadline: DeadlineLayer<TokioTimer, Keep>,
    pub(super) guards: DoorLayer<Guards, HttpClassify, Keep>,
    pub(super) retry: RetryLayer<HttpClassify, TokioTimer>,
    /// The same for calls that are no requests, with the same budget.
    pub(super) policy: RetryPolicy<TokioTimer>,
    pub(super) limits: Limits,
    pub(super) renders: bool,
}

impl Parts {
    pub(super) fn around<S>(parts: &Shared<Self>, client: S) -> Way<S> {
        let attempts = |client| Attempts::new(client, parts.clone());
        match parts.guards.guard() {
            // A door where nobody stands would judge each answer for nobody.
            (None, (None, None)) if parts.retry.attends() => {
                Way::Attended(parts.retry.layer(attempts(client)))
            }
            (None, (None, None)) => Way::Straight(Gated::new(client)),
            _ => Way::Guarded(parts.guards.layer(parts.retry.layer(attempts(client)))),
        }
    }

    pub(super) fn leak(self) -> Self {
        Self {
            deadline: self.deadline.leak(),
            guards: self.guards.leak(),
            retry: self.retry.leak(),
            policy: self.policy.leak(),
            limits: self.limits.leak(),
            renders: self.renders,
        }
    }
}
