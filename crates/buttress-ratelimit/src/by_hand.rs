use buttress_core::engine::Step;
use buttress_core::key::KeyWriter;

use crate::live::Seen;
use crate::store::LimitStore;
use crate::violations::By;
use crate::{Charge, Charges, NoSuchLimit, RateLimit, Subject, Verdict};

/// Without a request: for what is no HTTP, for operators and for tests.
///
/// Bans and trials are for requests: here a key that is banned is asked about like any other, and a trial refuses.
///
/// In memory a [`Step`] is there at once; from a shared store it is awaited: `limits.check(policy, key)?.await`.
impl<S: LimitStore> RateLimit<S> {
    /// Charges one request of this key.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, or if its shard is not said.
    pub fn check(
        &self,
        policy: &str,
        key: impl Into<Subject>,
    ) -> Result<Step<Verdict, S::Wait>, NoSuchLimit> {
        self.take(policy, key, 1)
    }

    /// Charges `cost` of this key.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, or if its shard is not said.
    pub fn take(
        &self,
        policy: &str,
        key: impl Into<Subject>,
        cost: u32,
    ) -> Result<Step<Verdict, S::Wait>, NoSuchLimit> {
        let charges = self.charges(policy, key.into(), cost)?;
        Ok(self.inner.store.take(&self.live().limits, &charges))
    }

    /// Gives back what was [taken](Self::take): for permits of what counts at the same time, above all. Those of a
    /// shared store come back as they were taken: as many as at once, from the process that took them; those that were
    /// taken while it was away come back here.
    ///
    /// Nobody says by this where it was taken. Where a store may be away there is [`give_back_of`](Self::give_back_of),
    /// which knows.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, if its shard is not said, or if permits were not taken so; then none
    /// comes back.
    pub fn give_back(
        &self,
        policy: &str,
        key: impl Into<Subject>,
        cost: u32,
    ) -> Result<(), NoSuchLimit> {
        let charges = self.charges(policy, key.into(), cost)?;
        self.give_back_all(policy, &charges)
    }

    /// Gives back what this verdict has taken, and nothing else: where it was taken, be that a shared store or, while
    /// it was away, the memory of this process, and as far as it would not be there again by itself.
    ///
    /// ```
    /// use buttress_core::engine::Step;
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("jobs", Quota::at_once(2).by(everyone())).build()?;
    /// let key = limits.writer("jobs").unwrap().key();
    /// let Step::Now(taken) = limits.take("jobs", key, 2)?;
    /// let Step::Now(refused) = limits.check("jobs", key)?;
    ///
    /// limits.give_back_of("jobs", key, 1, &refused)?;
    /// assert!(matches!(limits.peek("jobs", key)?, Step::Now(verdict) if !verdict.is_taken()), "it had taken nothing");
    /// limits.give_back_of("jobs", key, 2, &taken)?;
    /// assert!(matches!(limits.peek("jobs", key)?, Step::Now(verdict) if verdict.is_taken()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, if its shard is not said, or if permits are not held any more.
    pub fn give_back_of(
        &self,
        policy: &str,
        key: impl Into<Subject>,
        cost: u32,
        verdict: &Verdict,
    ) -> Result<(), NoSuchLimit> {
        let mut charges = self.charges(policy, key.into(), cost)?;
        if !verdict.is_taken() {
            return Ok(());
        }
        charges.stamp(verdict);
        self.give_back_all(policy, &charges)
    }

    fn give_back_all(&self, policy: &str, charges: &Charges) -> Result<(), NoSuchLimit> {
        let live = self.live();
        if !self.inner.store.holds(&live.limits, charges) {
            return Err(NoSuchLimit::not_held(policy));
        }
        self.inner.store.give_back(&live.limits, charges);
        Ok(())
    }

    /// Says what [`check`](Self::check) would say, and charges nothing.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, or if its shard is not said.
    pub fn peek(
        &self,
        policy: &str,
        key: impl Into<Subject>,
    ) -> Result<Step<Verdict, S::Wait>, NoSuchLimit> {
        let charges = self.charges(policy, key.into(), 1)?;
        Ok(self.inner.store.look(&self.live().limits, &charges))
    }

    /// Makes this key stand as if it had never asked. A ban stays: see [`lift`](Self::lift). Another process of a fleet
    /// that has refused the key remembers it until the time that it told. A store that could not be asked answers with
    /// a refusal: then what it has counted stays. The audit is told whether it was done, or, of a store that is waited
    /// for, that it was asked for; and that the system did it: an [operator](Self::operator) says who.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, or if its shard is not said.
    pub fn reset(
        &self,
        policy: &str,
        key: impl Into<Subject>,
    ) -> Result<Step<Verdict, S::Wait>, NoSuchLimit> {
        self.reset_by(policy, key.into(), By::SYSTEM)
    }

    pub(crate) fn reset_by(
        &self,
        policy: &str,
        subject: Subject,
        by: By<'_>,
    ) -> Result<Step<Verdict, S::Wait>, NoSuchLimit> {
        let charges = self.charges(policy, subject, 1)?;
        let forgotten = self.inner.store.forget(&self.live().limits, &charges);
        match &forgotten {
            // A store that could not be asked refuses.
            Step::Now(verdict) => {
                self.inner.violations.reset(policy, subject.key, verdict.is_taken(), by);
            }
            Step::Later(_) => self.inner.violations.reset_asked(policy, subject.key, by),
        }
        Ok(forgotten)
    }

    /// Begins a key of this policy: written by the same parts as its key says, in the same order, it is that of a
    /// request. Where a store has to [find out](LimitStore::finds_keyer) what keys are made with, it is another one once
    /// that is known.
    #[must_use]
    pub fn writer(&self, policy: &str) -> Option<KeyWriter> {
        self.rule(policy).map(|at| self.inner.rules[at].keys.now().0.writer())
    }

    /// Begins the key of a shard, if the limits are spread over some: see [`Subject::at`].
    #[must_use]
    pub fn shard_writer(&self) -> Option<KeyWriter> {
        self.inner.shard.as_ref().map(|shard| shard.keys.now().0.writer())
    }
}

impl<S: LimitStore> RateLimit<S> {
    /// What counts now.
    pub(crate) fn live(&self) -> Seen<'_> {
        self.inner.live.load()
    }

    pub(crate) fn rule(&self, policy: &str) -> Option<usize> {
        self.inner.names.iter().position(|name| **name == *policy)
    }

    /// There are eight of them at most.
    pub(crate) fn number(&self, policy: &str) -> Result<u8, NoSuchLimit> {
        let number = self.rule(policy).and_then(|at| u8::try_from(at).ok());
        number.ok_or_else(|| NoSuchLimit::unknown(policy))
    }

    pub(crate) fn charges(
        &self,
        policy: &str,
        subject: Subject,
        cost: u32,
    ) -> Result<Charges, NoSuchLimit> {
        let number = self.number(policy)?;
        let mut charges = match (&self.inner.shard, subject.shard) {
            (None, _) => Charges::new(),
            (Some(_), Some(shard)) => Charges::new().at(shard),
            (Some(_), None) => return Err(NoSuchLimit::unsharded(policy)),
        };
        charges.push(Charge::new(number, subject.key, cost).keyed_here(self.keys_here(number)));
        Ok(charges)
    }

    /// Whether no other process makes the keys of this policy, as yet.
    pub(crate) fn keys_here(&self, policy: u8) -> bool {
        self.inner.rule(policy).is_some_and(|rule| rule.keys.now().1)
    }
}
