//! Where limits are counted.

#[cfg(feature = "redis")]
mod engine;
mod into;
mod memory;
mod queued;
mod receipt;
#[cfg(feature = "redis")]
pub mod redis;
mod terms;

use std::fmt;

use buttress_core::engine::Step;
use buttress_core::key::{KeyParts, Keyer};
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults, Health};

#[cfg(feature = "redis")]
pub use self::engine::Engine;
pub use self::into::{IntoStore, Replaced};
pub use self::memory::{Checked, Heaviest, Memory, Usage, WhenFull};
pub use self::queued::{Queued, Turn};
pub(crate) use self::receipt::Counted;
pub use self::receipt::Receipt;
#[cfg(feature = "redis")]
#[doc(no_inline)]
pub use self::redis::RedisStore;
pub use self::terms::Terms;
use crate::{Charge, Charges, Limits, SharedBans, Verdict};

/// Counts what is charged, and says what may pass.
///
/// The words of the domain, each a whole atomic operation. With the feature `conformance` there is a suite for stores
/// of your own.
///
/// ```
/// # use buttress_core::{BuildError, Faults};
/// # use buttress_core::key::KeyParts;
/// # use buttress_core::metrics::Metrics;
/// use buttress_core::engine::Step;
/// use buttress_core::stage::Never;
/// use buttress_ratelimit::store::{LimitStore, Memory, Terms};
/// use buttress_ratelimit::{Charges, Limits, Quota, RateLimit, Verdict, everyone};
/// # use buttress_ratelimit::{Penalty, SharedBans};
///
/// /// A memory to which nothing is given back.
/// #[derive(Clone, Debug)]
/// struct Strict(Memory);
///
/// impl LimitStore for Strict {
///     type Wait = Never;
///
///     fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
///         self.0.take(limits, charges)
///     }
///
///     fn give_back(&self, _: &Limits, _: &Charges) {}
///
///     // The others as they are.
/// #   fn bind(self, terms: &[Terms], shard: Option<&KeyParts>, metrics: &Metrics) -> Result<Self, BuildError> {
/// #       self.0.bind(terms, shard, metrics).map(Self)
/// #   }
/// #   fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
/// #       self.0.look(limits, charges)
/// #   }
/// #   fn check_terms(&self, terms: &[Terms], shard: Option<&KeyParts>, faults: &mut Faults) {
/// #       self.0.check_terms(terms, shard, faults);
/// #   }
/// #   fn count(&self, limits: &Limits, charges: &Charges) {
/// #       self.0.count(limits, charges);
/// #   }
/// #   fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Never> {
/// #       self.0.forget(limits, charges)
/// #   }
/// #   fn carry_bans(&self, bans: &SharedBans) -> bool {
/// #       assert!(format!("{bans:?}").contains("others"));
/// #       self.0.carry_bans(bans)
/// #   }
/// }
///
/// let limits = RateLimit::builder().policy("all", Quota::per_hour(1).by(everyone()));
/// # let limits = limits.policy("others", Quota::per_hour(1).by(everyone()).penalty(Penalty::after(9)));
/// let limits = limits.engine(Strict(Memory::new())).build()?;
/// let key = limits.writer("all").unwrap().key();
/// let Step::Now(first) = limits.check("all", key)?;
/// limits.give_back("all", key, 1)?;
/// let Step::Now(second) = limits.check("all", key)?;
/// assert!(first.is_taken() && !second.is_taken());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait LimitStore: Clone + fmt::Debug + Send + Sync + 'static {
    /// What a verdict may have to be waited for: [`Never`](buttress_core::stage::Never) in memory. A stage over this
    /// store has the same `Wait`.
    type Wait: Future<Output: Into<Verdict> + Send> + Send + 'static;

    /// Learns the policies, once, before the first request: what it needs to count them, and where its metrics go.
    ///
    /// `shard` says what the [shard](Charges::shard) of charges is made of, if the limits are spread by one.
    ///
    /// # Errors
    ///
    /// Fails with every policy that this store cannot keep.
    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        let _ = (terms, shard, metrics);
        Ok(self)
    }

    /// Notes what is wrong with how this store was set up, whatever the policies are: so that it is told at once with
    /// what is wrong with them. [`bind`](Self::bind) fails with it, too.
    fn check_setup(&self, faults: &mut Faults) {
        let _ = faults;
    }

    /// Notes what keeps it from counting these policies, so that it is told at once with what is wrong with them, and
    /// with how it was [set up](Self::check_setup). [`bind`](Self::bind) fails with it, too. A policy whose quota makes
    /// no limit is not among them: what is noted at a path that ends with its name is not told.
    fn check_terms(&self, terms: &[Terms], shard: Option<&KeyParts>, faults: &mut Faults) {
        let _ = (terms, shard, faults);
    }

    /// Notes what keeps it from counting by these limits, in the place of others that differ in their numbers: told
    /// when [quotas are replaced](crate::RateLimit::replace), with all else that is wrong, and then none is.
    fn check_limits(&self, limits: &Limits, faults: &mut Faults) {
        let _ = (limits, faults);
    }

    /// Takes all charges, or none of them.
    ///
    /// A charge that is [optional](crate::Charge::optional) is decided for itself: it is taken if there is room for it
    /// and the others were taken, and refuses nobody. If there is none, the verdict says that it
    /// [was missed](Verdict::is_missed). No two charges are for the same key of the same policy: what they cost
    /// together is one charge.
    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait>;

    /// Takes one charge, if this store has a shorter way for one that is alone and not optional. Where it says nothing,
    /// it has done nothing, and [`take`](Self::take) is asked.
    fn take_one(&self, limits: &Limits, charge: &Charge) -> Option<Checked> {
        let _ = (limits, charge);
        None
    }

    /// Says what [`take`](Self::take) would, and takes nothing.
    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait>;

    /// Counts them, whether or not there is room: what was found out too late to be asked for.
    ///
    /// Nobody waits for it: a store that is not in memory does it when it can, or not at all.
    fn count(&self, limits: &Limits, charges: &Charges);

    /// Counts them as [`count`](Self::count) does, and [says](Receipt::counted) what of it was counted, and until when:
    /// now or later, from wherever it is known. So no more of it is given back than was counted, and none of it out of
    /// another window. Unless a store says otherwise, all of it was counted, and nobody knows until when.
    fn count_with(&self, limits: &Limits, charges: &Charges, receipt: Receipt) {
        self.count(limits, charges);
        receipt.counted(charges);
    }

    /// Gives back what was taken: a permit that is no longer held, a request that shall not count.
    ///
    /// Nobody waits for it, as it is called by `Drop`. Never more than was taken comes back.
    fn give_back(&self, limits: &Limits, charges: &Charges);

    /// Whether so much can be given back, as far as it is known here: what is given back by hand is asked this first.
    fn holds(&self, limits: &Limits, charges: &Charges) -> bool {
        let _ = (limits, charges);
        true
    }

    /// Forgets these keys: they stand as if they had never asked.
    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait>;

    /// How full the table of a policy is: nothing where there is none of a fixed size in this process.
    fn usage(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        let _ = (limits, policy);
        None
    }

    /// About how full it is: the same at less cost, as a probe asks for it each time.
    fn glance(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        self.usage(limits, policy)
    }

    /// The `most` keys of a policy that have least left, the heaviest first: nothing where it cannot tell.
    fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Option<Vec<Heaviest>> {
        let _ = (limits, policy, most);
        None
    }

    /// Whether a verdict with a [delay](Verdict::delay) comes once that time is over, as from a [`Queued`] store. Where
    /// it does not, a quota with a queue is refused when it is built.
    fn gives_turns(&self) -> bool {
        false
    }

    /// The memory that it counts in, always or while a shared store is away: what settings say of a
    /// [memory](crate::RateLimitSettings::memory) is of this one, or has no effect, and is refused then.
    fn memory(&self) -> Option<&Memory> {
        None
    }

    /// What the rule set is called, where sets of other names count in the same place: what [shards](Charges::shard)
    /// are named by, so that those of two sets are two.
    fn rule_set(&self) -> Option<&str> {
        None
    }

    /// Whether other processes count there, too: then all of them have to make the same keys, and limits that are given
    /// no [keyer](crate::RateLimitBuilder::keyer), nor have [one from here](Self::keyer), are refused when they are
    /// built, unless it is going to [find one](Self::finds_keyer).
    fn is_shared(&self) -> bool {
        false
    }

    /// What all who share it make their keys with, if it knows.
    fn keyer(&self) -> Option<Keyer> {
        None
    }

    /// Whether it finds out later what that is, if it does not know it yet: once it does, [`keyer`](Self::keyer) says
    /// it, and every key is made with it. Policies that wait for that [say so](Terms::awaits_keyer), and charges of
    /// keys from before [say so](crate::Charge::is_keyed_here), which have nothing to do with what others count.
    fn finds_keyer(&self) -> bool {
        false
    }

    /// Carries bans to the other processes that count here, and theirs to this one, from now on; whether it does. It is
    /// told once, after [`bind`](Self::bind), where a policy has a [penalty](crate::Penalty). Where it does not, each
    /// process bans for itself.
    fn carry_bans(&self, bans: &SharedBans) -> bool {
        let _ = bans;
        false
    }

    /// How it is, for a report: at once, from what it knows.
    fn health(&self) -> Health {
        Health::up()
    }
}
