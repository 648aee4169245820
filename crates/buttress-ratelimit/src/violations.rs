use std::time::Duration;

use buttress_core::audit::{Action, Actor, Audit, Event, Outcome};
use buttress_core::stage::RequestHead;
use buttress_core::{Key, RequestContext};

/// A request was refused, as a quota is used up.
const REFUSED: Action = Action::new("ratelimit.refused").sampled();
/// A request would have been refused, if its policy were no trial.
const WOULD_REFUSE: Action = Action::new("ratelimit.would_refuse").sampled();
/// Somebody is on the deny list.
const DENIED: Action = Action::new("ratelimit.denied").sampled();
/// Somebody was refused again and again.
const BANNED: Action = Action::new("ratelimit.banned");
/// A ban was lifted by hand.
const BAN_LIFTED: Action = Action::new("ratelimit.ban_lifted");
/// Counters were reset by hand.
const RESET: Action = Action::new("ratelimit.reset");
/// Quotas were replaced.
const REPLACED: Action = Action::new("ratelimit.quotas_replaced");

/// Tells the audit of what violated a limit, and of who changed one.
#[derive(Debug)]
pub(crate) struct Violations(pub(crate) Audit);

impl Violations {
    #[cold]
    pub(crate) fn refused(&self, policy: &str, key: Key, request: &dyn RequestHead) {
        // Written only for somebody who listens.
        let key = self.0.hears(REFUSED).then(|| key.to_string());
        self.tell(REFUSED, Outcome::Refused, policy, key.as_deref(), request.context());
    }

    #[cold]
    pub(crate) fn would_refuse(&self, policy: &str, request: &dyn RequestHead) {
        self.tell(WOULD_REFUSE, Outcome::Succeeded, policy, Some("a trial"), request.context());
    }

    #[cold]
    pub(crate) fn denied(&self, request: &dyn RequestHead) {
        let event = Event::new(DENIED, Outcome::Refused);
        self.0.record(&in_request(event, request.context()));
    }

    #[cold]
    pub(crate) fn banned(
        &self,
        policy: &str,
        key: Key,
        length: Duration,
        request: &dyn RequestHead,
    ) {
        let reason = format!("{key} for {length:?}");
        self.tell(BANNED, Outcome::Refused, policy, Some(&reason), request.context());
    }

    pub(crate) fn lifted(&self, policy: &str, key: Key) {
        let key = key.to_string();
        let event = Event::new(BAN_LIFTED, Outcome::Succeeded).target(policy).reason(&key);
        self.0.record(&event.actor(Actor::System("rate limit")));
    }

    pub(crate) fn reset(&self, policy: &str, key: Key) {
        let key = key.to_string();
        let event = Event::new(RESET, Outcome::Succeeded).target(policy).reason(&key);
        self.0.record(&event.actor(Actor::System("rate limit")));
    }

    pub(crate) fn replaced(&self, policy: &str, quota: &str) {
        let event = Event::new(REPLACED, Outcome::Succeeded).target(policy).reason(quota);
        self.0.record(&event.actor(Actor::System("rate limit")));
    }

    fn tell(
        &self,
        action: Action,
        outcome: Outcome,
        policy: &str,
        reason: Option<&str>,
        context: Option<&RequestContext>,
    ) {
        let event = Event::new(action, outcome).target(policy);
        let event = reason.map_or(event, |reason| event.reason(reason));
        self.0.record(&in_request(event, context));
    }
}

fn in_request<'a>(event: Event<'a>, context: Option<&'a RequestContext>) -> Event<'a> {
    context.map_or(event, |context| event.request(context))
}
