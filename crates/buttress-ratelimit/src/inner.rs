use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use buttress_core::clock::Clock;
use buttress_core::key::KeyFor;
use buttress_core::metrics::Counter;
use buttress_core::stage::RequestHead;
use buttress_core::sync::Lock;
use buttress_core::{Key, RequestContext};

use crate::bans::Bans;
use crate::denial::Denial;
use crate::headers::{Forms, Writer};
use crate::keys::Keys;
use crate::live::{Current, Live};
use crate::meters::{Meters, PolicyMeters};
use crate::policy::Place;
use crate::rule::{Asked, Rule};
use crate::stopped::Stopped;
use crate::usage::UsageMeters;
use crate::violations::Violations;
use crate::when::{self, Condition};
use crate::{Charge, Charges, RateLimitSettings};

/// What all clones of a rate limit, its stages and their memos share.
pub(crate) struct Inner<S> {
    pub(crate) store: S,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) names: Box<[Arc<str>]>,
    /// What each policy charges at least, as far as that is known.
    pub(crate) costs: Box<[u32]>,
    pub(crate) exempt: Box<[Condition]>,
    pub(crate) deny: Box<[Denial]>,
    /// Whether it was told that requests are denied for want of an address.
    pub(crate) missed: AtomicBool,
    pub(crate) counts_probes: bool,
    pub(crate) live: Current,
    /// Who replaces something waits for who is at it.
    pub(crate) replacing: Lock<()>,
    pub(crate) shard: Option<Shard>,
    /// For keys that clients see.
    pub(crate) shown_keys: Keys,
    pub(crate) forms: Forms,
    pub(crate) clock: Arc<dyn Clock>,
    /// Nothing where no policy has a penalty.
    pub(crate) bans: Option<Arc<Bans>>,
    pub(crate) meters: Meters,
    pub(crate) policy_meters: Box<[PolicyMeters]>,
    pub(crate) usage_meters: Box<[UsageMeters]>,
    pub(crate) violations: Violations,
    /// The settings that it was made of, if there were any.
    pub(crate) said: Option<Box<RateLimitSettings>>,
}

/// What limits are spread by.
pub(crate) struct Shard {
    pub(crate) by: Arc<dyn KeyFor>,
    pub(crate) keys: Keys,
}

/// Which policies a stage decides about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    All,
    Only(Place),
}

/// What becomes of a request before any policy is asked.
pub(crate) enum Screened {
    Counted,
    PassedBy,
    Denied,
}

impl<S> Inner<S> {
    pub(crate) fn screen(&self, part: Part, request: &dyn RequestHead) -> Screened {
        if let Some(denial) = self.deny.iter().find(|denial| denial.may_hold(request)) {
            self.meters.denied.increment(1);
            let is_certain = denial.holds(request);
            if !is_certain && when::client(request).is_none() {
                self.miss_client();
            }
            self.violations.denied(denial, is_certain, request);
            return Screened::Denied;
        }
        if !self.counts_probes && request.context().is_some_and(RequestContext::is_probe) {
            return self.pass_by(part, &self.meters.probes);
        }
        if self.exempt.iter().any(|condition| condition.holds(request)) {
            return self.pass_by(part, &self.meters.exempt);
        }
        Screened::Counted
    }

    /// Told once for each request: by the first stage that has policies, as the other one passes it by, too.
    fn pass_by(&self, part: Part, meter: &Counter) -> Screened {
        let has_early = || self.rules.iter().any(|rule| rule.place == Place::BeforeAuth);
        let tells = match part {
            Part::All => true,
            Part::Only(place) => has_early() == (place == Place::BeforeAuth),
        };
        if tells {
            meter.increment(1);
        }
        Screened::PassedBy
    }

    /// Says once that requests are denied for want of an address, which looks like a list that is wrong.
    #[cold]
    fn miss_client(&self) {
        if !self.missed.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "buttress",
                "requests are denied as the server does not say who is connected"
            );
        }
    }

    /// What this request is charged: written where it stays, as it is too large to be handed on.
    #[inline(never)]
    pub(crate) fn ask(
        &self,
        part: Part,
        request: &dyn RequestHead,
        charges: &mut Charges,
    ) -> Result<(), Stopped<'_>> {
        let mut stopped: Option<Stopped<'_>> = None;
        for rule in self.rules.iter().filter(|rule| part.has(rule)) {
            match self.ask_one(rule, request) {
                Ok(None) => {}
                // There is room: no set of rules has more of them.
                Ok(Some(charge)) => drop(charges.push(charge)),
                Err(other) => stopped = Some(other.or_longer(stopped)),
            }
        }
        // At the end: if others make the same keys, they make the same shard.
        if let Some(shard) = &self.shard {
            charges.keep_at(shard.of(request));
        }
        stopped.map_or(Ok(()), Err)
    }

    /// What this request is charged by one policy.
    #[expect(clippy::inline_always, reason = "a call would write the charge down")]
    #[inline(always)]
    pub(crate) fn ask_one<'a>(
        &self,
        rule: &'a Rule,
        request: &dyn RequestHead,
    ) -> Result<Option<Charge>, Stopped<'a>> {
        match rule.ask(request) {
            Asked::Nothing => Ok(None),
            Asked::Charge(charge) => match self.ban_of(rule, &charge) {
                None => Ok(Some(charge)),
                Some(ban) => Err(Stopped::Banned(rule, charge.key(), ban)),
            },
            Asked::KeyMissing => Err(Stopped::KeyMissing(rule)),
        }
    }

    /// The number of the one policy of this part, if there are no others, and charges are not spread.
    pub(crate) fn only_rule(&self, part: Part) -> Option<u8> {
        let mut rules = self.rules.iter().filter(|rule| part.has(rule));
        match (rules.next(), rules.next(), &self.shard) {
            (Some(rule), None, None) => Some(rule.number()),
            _ => None,
        }
    }

    /// Writes what is told of a decision.
    pub(crate) fn writer<'a>(&'a self, live: &'a Live) -> Writer<'a> {
        let (forms, table, clock) = (&self.forms, &live.table, &*self.clock);
        Writer { forms, table, shown_keys: self.shown_keys.now().0, clock }
    }

    #[inline]
    pub(crate) fn rule(&self, policy: u8) -> Option<&Rule> {
        self.rules.get(usize::from(policy))
    }

    #[inline]
    pub(crate) fn metered(&self, policy: u8, count: impl FnOnce(&PolicyMeters)) {
        if let Some(meters) = self.policy_meters.get(usize::from(policy)) {
            count(meters);
        }
    }
}

impl Part {
    #[inline]
    pub(crate) fn has(self, rule: &Rule) -> bool {
        self == Self::All || self == Self::Only(rule.place)
    }
}

impl Shard {
    fn of(&self, request: &dyn RequestHead) -> Key {
        self.keys.now().0.key_for(&*self.by, request).key()
    }
}
