use std::fmt;
use std::time::Duration;

use buttress_core::audit::{Action, Actor, Audit, Event, Outcome};
use buttress_core::stage::RequestHead;
use buttress_core::{Key, RequestContext};

use crate::denial::Denial;
use crate::rule::Rule;
use crate::{Retry, Source, when};

/// A request was refused, as a quota is used up.
const REFUSED: Action = Action::new("ratelimit.refused").sampled();
/// A request would have been refused, if its policy were no trial.
const WOULD_REFUSE: Action = Action::new("ratelimit.would_refuse").sampled();
/// Somebody is on the deny list.
const DENIED: Action = Action::new("ratelimit.denied").sampled();
/// A request lacks a part of its key, and the policy refuses such.
const KEY_MISSING: Action = Action::new("ratelimit.key_missing").sampled();
/// Somebody asked who is banned.
const STILL_BANNED: Action = Action::new("ratelimit.still_banned").sampled();
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

/// Who changes something by hand, and in which request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By<'a> {
    pub(crate) actor: Actor<'a>,
    pub(crate) request: Option<&'a RequestContext>,
}

/// Of requests.
impl Violations {
    #[cold]
    pub(crate) fn refused(
        &self,
        rule: &Rule,
        key: Key,
        (source, retry): (Source, Retry),
        request: &dyn RequestHead,
    ) {
        let used_up = if source == Source::Crowded { "too many others" } else { "used up" };
        let why = || match retry {
            Retry::After(time) => format!("{used_up}, again in {}s", seconds(time)),
            Retry::Never => "costs more than there ever is at once".to_owned(),
            Retry::Unknown if source == Source::Crowded => used_up.to_owned(),
            Retry::Unknown => "all permits are taken".to_owned(),
        };
        self.tell(REFUSED, rule, || of_key(rule, key, why()), request);
    }

    #[cold]
    pub(crate) fn would_refuse(&self, rule: &Rule, key: Key, request: &dyn RequestHead) {
        self.tell(WOULD_REFUSE, rule, || of_key(rule, key, "a trial"), request);
    }

    #[cold]
    pub(crate) fn key_missing(&self, rule: &Rule, request: &dyn RequestHead) {
        let why = || format!("a part of the key is missing: by {}", rule.parts);
        self.tell(KEY_MISSING, rule, why, request);
    }

    #[cold]
    pub(crate) fn still_banned(
        &self,
        rule: &Rule,
        key: Key,
        left: Duration,
        request: &dyn RequestHead,
    ) {
        let why = || of_key(rule, key, format_args!("banned for {}s more", seconds(left)));
        self.tell(STILL_BANNED, rule, why, request);
    }

    #[cold]
    pub(crate) fn banned(
        &self,
        rule: &Rule,
        key: Key,
        length: Duration,
        request: &dyn RequestHead,
    ) {
        let why = || of_key(rule, key, format_args!("banned for {}s", seconds(length)));
        self.tell(BANNED, rule, why, request);
    }

    /// Of the deny list; whether its condition holds, or cannot be known to.
    #[cold]
    pub(crate) fn denied(&self, denial: &Denial, is_certain: bool, request: &dyn RequestHead) {
        let event = Event::new(DENIED, Outcome::Refused);
        if !self.0.hears(DENIED) {
            return self.0.record(&event);
        }
        let why = denial.why(is_certain);
        let event = event.target(denial.place()).reason(&why);
        self.0.record(&in_request(event, request));
    }

    /// Counted in any case; what is written is only written, and looked for, for somebody who listens.
    fn tell(
        &self,
        action: Action,
        rule: &Rule,
        why: impl FnOnce() -> String,
        request: &dyn RequestHead,
    ) {
        let is_trial = action == WOULD_REFUSE;
        let outcome = if is_trial { Outcome::Succeeded } else { Outcome::Refused };
        let event = Event::new(action, outcome);
        if !self.0.hears(action) {
            return self.0.record(&event);
        }
        let why = why();
        let event = event.target(&rule.name).reason(&why);
        self.0.record(&in_request(event, request));
    }
}

/// Of operators.
impl Violations {
    pub(crate) fn lifted(&self, policy: &str, key: Key, by: By<'_>) {
        self.changed((BAN_LIFTED, Outcome::Succeeded), policy, &key, by);
    }

    /// Those who should have been told will not be.
    pub(crate) fn lifted_here(&self, policy: &str, key: Key, by: By<'_>) {
        let what = format!("{key}: others are not told, as too many changes wait for that");
        self.changed((BAN_LIFTED, Outcome::Failed), policy, &what, by);
    }

    pub(crate) fn reset(&self, policy: &str, key: Key, is_done: bool, by: By<'_>) {
        let outcome = if is_done { Outcome::Succeeded } else { Outcome::Failed };
        self.changed((RESET, outcome), policy, &key, by);
    }

    /// The store was asked to, and whoever asked waits for what it says.
    pub(crate) fn reset_asked(&self, policy: &str, key: Key, by: By<'_>) {
        self.changed((RESET, Outcome::Succeeded), policy, &format_args!("{key}: asked for"), by);
    }

    pub(crate) fn replaced(&self, policy: &str, quota: &dyn fmt::Display, by: By<'_>) {
        self.changed((REPLACED, Outcome::Succeeded), policy, quota, by);
    }

    fn changed(
        &self,
        (action, outcome): (Action, Outcome),
        policy: &str,
        what: &dyn fmt::Display,
        by: By<'_>,
    ) {
        let what = what.to_string();
        let event = Event::new(action, outcome).target(policy).reason(&what);
        let event = by.request.map_or(event, |context| event.request(context));
        self.0.record(&event.actor(by.actor));
    }
}

/// The key first: it is what `peek`, `reset` and `lift` take.
fn of_key(rule: &Rule, key: Key, what: impl fmt::Display) -> String {
    format!("{key}, by {}: {what}", rule.parts)
}

/// As a client is told: rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Without a context it is told at least who is connected.
fn in_request<'a>(event: Event<'a>, request: &'a dyn RequestHead) -> Event<'a> {
    match request.context() {
        Some(context) => event.request(context),
        None => when::client(request).map_or(event, |client| event.client(client)),
    }
}
