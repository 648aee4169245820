use std::sync::Arc;

use buttress_core::Key;

use crate::{Limit, Source, Verdict};

/// How many policies are decided together at most. More are refused when they are built.
pub const MOST_POLICIES: usize = 8;

/// The limits of a rule set, by the number of their policy. Clones are the same.
#[derive(Clone, Debug)]
pub struct Limits(Arc<[Limit]>);

impl Limits {
    /// The limit of a policy.
    ///
    /// # Panics
    ///
    /// Never for a charge of the same rule set.
    #[must_use]
    #[inline]
    pub fn of(&self, charge: &Charge) -> &Limit {
        &self.0[usize::from(charge.policy)]
    }

    /// All of them, in the order of their policies.
    #[must_use]
    pub fn all(&self) -> &[Limit] {
        &self.0
    }

    /// Whether these are the very same, and not only equal.
    #[cfg(feature = "redis")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl FromIterator<Limit> for Limits {
    fn from_iter<I: IntoIterator<Item = Limit>>(limits: I) -> Self {
        Self(limits.into_iter().collect())
    }
}

/// What one policy asks of one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Charge {
    pub(crate) key: Key,
    /// Nanoseconds on the time line of its store; zero until it is stamped, so that charges are made of zeros alone.
    pub(crate) until: u64,
    pub(crate) cost: u32,
    pub(crate) policy: u8,
    pub(crate) optional: bool,
    pub(crate) keyed_here: bool,
    pub(crate) source: Source,
}

impl Charge {
    /// Takes `cost` of the limit with this number for `key`. The keys of two policies have nothing in common.
    #[must_use]
    pub const fn new(policy: u8, key: Key, cost: u32) -> Self {
        let (optional, keyed_here) = (false, false);
        Self { key, until: 0, cost, policy, optional, keyed_here, source: Source::Store }
    }

    /// Is decided for itself, and refuses nobody: for a policy that is only tried out.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Whether it refuses nobody.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        self.optional
    }

    pub(crate) const fn keyed_here(self, keyed_here: bool) -> Self {
        Self { keyed_here, ..self }
    }

    /// Whether no other process makes the same key, as this one [seeks](crate::store::LimitStore::finds_keyer) what
    /// they make theirs with: there is nothing that a shared store could say of it.
    #[must_use]
    pub const fn is_keyed_here(&self) -> bool {
        self.keyed_here
    }

    /// Whose it is.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }

    /// How much.
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// The number of the policy.
    #[must_use]
    pub const fn policy(&self) -> u8 {
        self.policy
    }

    /// When what it took is there again by itself, in nanoseconds of its store's time; nothing before it was
    /// [stamped](Charges::stamp). A store goes by it when it gives back.
    #[must_use]
    pub const fn until(&self) -> Option<u64> {
        if self.until == 0 { None } else { Some(self.until) }
    }

    /// Who took it, once it was [stamped](Charges::stamp).
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }
}

/// Charges that are decided together: all of them are taken, or none is. In place, without an allocation.
///
/// ```
/// use buttress_core::Key;
/// use buttress_core::clock::Moment;
/// use buttress_ratelimit::store::Memory;
/// use buttress_ratelimit::{Charge, Charges, Limit, Limits, Quota, Retry};
///
/// let quotas = [Quota::per_minute(100).burst(200), Quota::per_minute(2)];
/// let limits: Limits = quotas.map(|quota| Limit::try_from(quota).unwrap()).into_iter().collect();
/// let memory = Memory::new();
///
/// let (ada, now) = (Key::from_bytes([7; 16]), Moment::FIRST);
/// let mut charges = Charges::new();
/// assert!(charges.push(Charge::new(0, ada, 1)) && charges.push(Charge::new(1, ada, 2)));
///
/// let verdict = memory.take_at(&limits, &charges, now);
/// assert!(verdict.is_taken());
/// assert_eq!(verdict.standings().iter().map(|of| of.remaining()).collect::<Vec<_>>(), [199, 0]);
///
/// // The second has no more, so nothing is taken of the first.
/// let refused = memory.take_at(&limits, &charges, now);
/// assert!(matches!(refused.refusal(), Some((1, Retry::After(_)))));
/// assert_eq!(refused.standings()[0].remaining(), 199);
///
/// // Stamped with what came of them, they can be given back.
/// charges.stamp(&verdict);
/// memory.give_back_at(&limits, &charges, now);
/// assert_eq!(memory.look_at(&limits, &charges, now).standings()[0].remaining(), 200);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Charges {
    all: [Charge; MOST_POLICIES],
    shard: Option<Key>,
    count: usize,
}

impl Charges {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        let nothing = Charge::new(0, Key::from_bytes([0; 16]), 0);
        Self { all: [nothing; MOST_POLICIES], shard: None, count: 0 }
    }

    /// Says where they are kept, among the shards of a store that has several.
    #[must_use]
    pub const fn at(self, shard: Key) -> Self {
        Self { shard: Some(shard), ..self }
    }

    pub(crate) const fn keep_at(&mut self, shard: Key) {
        self.shard = Some(shard);
    }

    /// None, where these are kept.
    pub(crate) const fn none_there(&self) -> Self {
        Self { shard: self.shard, ..Self::new() }
    }

    /// Where they are kept: nothing if the limits are not spread.
    #[must_use]
    pub const fn shard(&self) -> Option<Key> {
        self.shard
    }

    /// Adds one; `false` if there is no room for it.
    #[inline]
    pub fn push(&mut self, charge: Charge) -> bool {
        let Some(place) = self.all.get_mut(self.count) else { return false };
        *place = charge;
        self.count += 1;
        true
    }

    /// Notes what was taken, by whom, and how long that counts: whoever may give charges back keeps them stamped, so
    /// that exactly this is given back. Optional ones that were missed took nothing, so they are left without a cost.
    pub fn stamp(&mut self, verdict: &Verdict) {
        let count = self.count;
        for (at, (charge, standing)) in
            self.all.iter_mut().zip(verdict.standings()).take(count).enumerate()
        {
            charge.until = verdict.until(standing);
            charge.source = standing.source();
            if u8::try_from(at).is_ok_and(|at| verdict.is_missed(at)) {
                charge.cost = 0;
            }
        }
    }

    /// The same with these costs, in their order.
    #[cfg(feature = "redis")]
    pub(crate) fn with_costs(mut self, costs: &[u32]) -> Self {
        self.all.iter_mut().zip(costs).for_each(|(charge, cost)| charge.cost = *cost);
        self
    }

    /// All of them.
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[Charge] {
        self.all.get(..self.count).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// One alone.
impl From<Charge> for Charges {
    #[inline]
    fn from(charge: Charge) -> Self {
        let mut all = Self::new().all;
        all[0] = charge;
        Self { all, shard: None, count: 1 }
    }
}

impl Default for Charges {
    fn default() -> Self {
        Self::new()
    }
}
