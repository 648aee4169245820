use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use buttress_core::key::{KeyFor, KeyOutcome, KeyParts, MissingKey, address};
use buttress_core::stage::RequestHead;

use crate::answer::Answers;
use crate::counting::Counting;
use crate::keys::Keys;
use crate::policy::{Cost, Place};
use crate::when::{self, Condition};
use crate::{Algorithm, Charge, Penalty, Policy};

/// A policy that was checked.
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) place: Place,
    pub(crate) keys: Keys,
    pub(crate) counting: Counting,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) shadow: bool,
    pub(crate) holds: bool,
    /// Whether something is left to be done once it has passed: it is open, or its handler reports what it cost.
    pub(crate) awaits_answer: bool,
    pub(crate) answers: Answers,
    pub(crate) parts: KeyParts,
    number: u8,
    /// Whether it was told that addresses are missing, if it goes by them.
    missed: Option<AtomicBool>,
    when: Box<[Condition]>,
    unless: Box<[Condition]>,
    by: Arc<dyn KeyFor>,
    missing: MissingKey,
    cost: Cost,
}

/// What a rule says about a request.
pub(crate) enum Asked {
    /// It is not for it.
    Nothing,
    /// So much, of this key.
    Charge(Charge),
    /// It lacks what it has to have.
    KeyMissing,
}

impl Rule {
    pub(crate) fn new(
        number: u8,
        name: Arc<str>,
        policy: Policy,
        keys: &Keys,
        shadow: bool,
    ) -> Self {
        let parts = KeyParts::of(&*policy.by);
        let by_itself = if parts.needs_caller() { Place::AfterAuth } else { Place::BeforeAuth };
        let rule = Self {
            place: policy.place.unwrap_or(by_itself),
            keys: keys.scoped(&name),
            counting: policy.counting,
            penalty: policy.penalty,
            shadow: shadow || policy.shadow,
            holds: policy.quota.algorithm == Algorithm::Concurrent,
            answers: Answers::of(&name, policy.overload),
            missed: parts.contains(&KeyParts::of(&address())).then(AtomicBool::default),
            parts,
            number,
            when: policy.when.into(),
            unless: policy.unless.into(),
            by: policy.by,
            missing: policy.missing,
            cost: policy.cost,
            name,
            awaits_answer: false,
        };
        Self { awaits_answer: rule.is_open() || rule.is_reported(), ..rule }
    }

    /// What this request is charged.
    #[expect(clippy::inline_always, reason = "a call would write the charge down")]
    #[inline(always)]
    pub(crate) fn ask(&self, request: &dyn RequestHead) -> Asked {
        let is_meant = self.when.iter().all(|condition| condition.may_hold(request))
            && !self.unless.iter().any(|condition| condition.holds(request));
        if !is_meant {
            return Asked::Nothing;
        }
        let cost = match &self.cost {
            Cost::Fixed(cost) | Cost::Reported(cost) => *cost,
            Cost::Own(cost) => cost(request),
        };
        if cost == 0 && !self.is_reported() {
            return Asked::Nothing;
        }
        let (keyer, keyed_here) = self.keys.now();
        let found = keyer.key_for(&*self.by, request);
        if let Some(missed) = &self.missed
            && !found.is_complete()
        {
            self.miss_address(missed, request);
        }
        match found.or(self.missing) {
            KeyOutcome::Use(key) => Asked::Charge(self.charge(key, cost).keyed_here(keyed_here)),
            KeyOutcome::Skip => Asked::Nothing,
            KeyOutcome::Refuse if self.shadow => Asked::Nothing,
            KeyOutcome::Refuse => Asked::KeyMissing,
        }
    }

    /// Says once that all share a quota that is meant for each address, as nobody says who is connected.
    #[cold]
    fn miss_address(&self, missed: &AtomicBool, request: &dyn RequestHead) {
        if when::client(request).is_none() && !missed.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "buttress",
                policy = %self.name,
                "a limit goes by address, but the server does not say who is connected"
            );
        }
    }

    fn charge(&self, key: buttress_core::Key, cost: u32) -> Charge {
        let charge = Charge::new(self.number, key, cost);
        if self.shadow { charge.optional() } else { charge }
    }

    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// Whether the handler says what a request cost.
    pub(crate) fn is_reported(&self) -> bool {
        matches!(self.cost, Cost::Reported(_))
    }

    /// Whether something is to be done once there is an answer.
    pub(crate) fn is_open(&self) -> bool {
        self.holds || !self.counting.is_settled_at_once()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("name", &self.name)
            .field("by", &self.parts)
            .finish_non_exhaustive()
    }
}
