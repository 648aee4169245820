use std::fmt;
use std::sync::Arc;

use buttress_core::Key;
use buttress_core::clock::{Clock, Moment};

use crate::Penalty;
use crate::bans::Bans;
use crate::outbox::News;
use crate::record::{Imposed, Record, Told};

/// The bans of some limits, for a store that carries them to other processes: what
/// [`LimitStore::carry_bans`](crate::store::LimitStore::carry_bans) is given. Clones are the same.
///
/// `RedisStore` carries them. A store of your own that stands around another one hands them on, as [the
/// example](crate::store::LimitStore) does.
#[derive(Clone)]
pub struct SharedBans(Arc<Shared>);

struct Shared {
    bans: Arc<Bans>,
    clock: Arc<dyn Clock>,
    /// The name of each policy, and its penalty.
    policies: Box<[(Arc<str>, Option<Penalty>)]>,
}

/// What there is to be told of a key, and for how long it has to be remembered.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "nobody carries it"))]
pub(crate) struct Tiding {
    pub(crate) policy: Arc<str>,
    pub(crate) key: Key,
    pub(crate) told: Told,
    pub(crate) until: Moment,
}

impl SharedBans {
    pub(crate) fn new(
        bans: Arc<Bans>,
        clock: Arc<dyn Clock>,
        policies: impl IntoIterator<Item = (Arc<str>, Option<Penalty>)>,
    ) -> Self {
        Self(Arc::new(Shared { bans, clock, policies: policies.into_iter().collect() }))
    }
}

#[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "nobody carries it"))]
impl SharedBans {
    /// The time of bans.
    pub(crate) fn now(&self) -> Moment {
        self.0.clock.now()
    }

    /// How many keys are watched.
    pub(crate) fn most(&self) -> usize {
        self.0.bans.most()
    }

    /// Takes what has not been told yet, so much at most.
    pub(crate) fn news(&self, most: usize) -> Vec<News> {
        self.0.bans.outbox.take(most)
    }

    /// Could not tell it.
    pub(crate) fn put_back(&self, news: Vec<News>) {
        self.0.bans.outbox.put_back(news);
    }

    /// What is to be told; nothing if the ban has been lifted meanwhile, or its place taken.
    pub(crate) fn tiding(&self, news: &News) -> Option<Tiding> {
        let (policy, penalty) = self.0.policies.get(usize::from(news.policy))?;
        let penalty = penalty.as_ref()?;
        let told = match news.lifted {
            Some(at) => Told::Lifted { at },
            None => self.0.bans.told(news.policy, news.key)?,
        };
        let until = match told {
            // No ban that is lifted lasts longer.
            Told::Lifted { at } => at + penalty.at_most,
            Told::Banned(Imposed { began, length, steps, .. }) => {
                began + Record::kept(penalty, length, steps)
            }
        };
        Some(Tiding { policy: policy.clone(), key: news.key, told, until })
    }

    /// Hears what is told of a key. Of a policy that is not here, or bans nobody here, it is nothing to us.
    pub(crate) fn hear(&self, policy: &str, key: Key, told: Told) {
        let known = (0..).zip(&self.0.policies).find(|(_, (name, _))| **name == *policy);
        let Some((number, _)) = known else { return };
        match told {
            Told::Banned(imposed) => self.0.bans.hear(number, key, imposed, self.now()),
            Told::Lifted { at } => self.0.bans.hear_lifted(number, key, at),
        }
    }
}

impl fmt::Debug for SharedBans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policies = self.0.policies.iter().filter(|(_, penalty)| penalty.is_some());
        f.debug_struct("SharedBans")
            .field("policies", &policies.map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
