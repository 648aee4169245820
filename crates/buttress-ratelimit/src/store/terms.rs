use std::sync::Arc;

use buttress_core::engine::Degrade;
use buttress_core::key::KeyParts;

use crate::Limit;

/// What a store is told of one policy, once, before the first request. Its number is its place among the others.
#[derive(Clone, Debug)]
pub struct Terms {
    name: Arc<str>,
    limit: Limit,
    degrade: Degrade,
    keyed_by: KeyParts,
    returns: bool,
    awaits_keyer: bool,
}

impl Terms {
    /// A policy of this name, with this limit. [`Degrade::Local`] until said otherwise, for a key that says nothing.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, limit: Limit) -> Self {
        Self {
            name: name.into(),
            limit,
            degrade: Degrade::Local,
            keyed_by: KeyParts::default(),
            returns: false,
            awaits_keyer: false,
        }
    }

    /// Does this while the store cannot be asked.
    #[must_use]
    pub fn degrade(self, degrade: Degrade) -> Self {
        Self { degrade, ..self }
    }

    /// Its keys are made of these parts.
    #[must_use]
    pub fn keyed_by(self, parts: KeyParts) -> Self {
        Self { keyed_by: parts, ..self }
    }

    /// What it charges may come back before its time, as of a policy that counts only failures: a store that remembers
    /// who was refused must not believe it for long.
    #[must_use]
    pub fn returning(self) -> Self {
        Self { returns: true, ..self }
    }

    /// Nobody has said what its keys are made with: the store is to find it out.
    #[must_use]
    pub fn awaiting_keyer(self) -> Self {
        Self { awaits_keyer: true, ..self }
    }

    /// The name, among the policies the only one of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it limits at the start. Numbers may change later, and come with each call; the algorithm stays.
    #[must_use]
    pub const fn limit(&self) -> &Limit {
        &self.limit
    }

    /// What to do while the store cannot be asked.
    #[must_use]
    pub const fn degrades_to(&self) -> Degrade {
        self.degrade
    }

    /// Whether what it charges may come back before its time.
    #[must_use]
    pub const fn returns(&self) -> bool {
        self.returns
    }

    /// Whether the store is to [find out](crate::store::LimitStore::finds_keyer) what its keys are made with.
    #[must_use]
    pub const fn awaits_keyer(&self) -> bool {
        self.awaits_keyer
    }

    /// What its keys are made of.
    #[must_use]
    pub const fn parts(&self) -> &KeyParts {
        &self.keyed_by
    }
}
