use buttress_core::Faults;
use buttress_core::engine::Degrade;
use buttress_core::key::Keyer;

use super::{ConditionSettings, QuotaSettings, RateLimitSettings, Said};
use crate::RateLimitBuilder;
use crate::builder::Named;
use crate::when::Condition;

/// All that is wrong is told when it is built.
impl From<RateLimitSettings> for RateLimitBuilder {
    fn from(settings: RateLimitSettings) -> Self {
        #[cfg(feature = "redis")]
        if settings.redis.is_some() {
            let mut builder = Self::read(settings);
            builder.faults.add("redis", "has no effect without a connection: say `.over(redis)`");
            return builder;
        }
        Self::read(settings)
    }
}

impl RateLimitBuilder {
    /// What the settings say, but for Redis.
    pub(super) fn read(settings: RateLimitSettings) -> Self {
        let mut faults = Faults::new();
        if settings.memory.keys.is_some() && settings.memory.bytes.is_some() {
            faults.add(
                "memory.bytes",
                "stands beside `keys`: one of them says how much room there is",
            );
        }
        let mut builder = Self::default().engine(settings.memory());
        builder.policies = settings.named(&mut faults);
        builder.exempt = conditions(&settings.exempt, "exempt", &mut faults);
        builder.deny = conditions(&settings.deny, "deny", &mut faults);
        if let Some(by) = &settings.shard_by {
            builder = builder.shard_by(by.read("shard_by", &mut faults));
        }
        builder.shadow = settings.shadow;
        builder.counts_probes = settings.count_probes;
        builder.forms.wanted = settings.headers.clone().unwrap_or(builder.forms.wanted);
        builder.forms.on_success = settings.headers_on_success;
        builder.forms.partition_keys = settings.partition_keys;
        builder.keyer = settings.key_seed.clone().map(Keyer::from);
        builder.most_banned = settings.most_banned.unwrap_or(builder.most_banned);
        builder.most_waiting = settings.most_waiting;
        builder.faults = faults;
        builder.said = Some(Box::new(settings));
        builder
    }
}

fn conditions(all: &[ConditionSettings], name: &str, faults: &mut Faults) -> Vec<Condition> {
    let each = all.iter().enumerate();
    each.filter_map(|(at, one)| one.read(&format!("{name}[{at}]"), faults)).collect()
}

impl RateLimitSettings {
    /// Policies, and classes behind them, each with the place where it stands.
    fn named(&self, faults: &mut Faults) -> Vec<Named> {
        let mut all = Vec::new();
        for (at, policy) in self.policies.iter().enumerate() {
            let path = format!("policies[{at}]");
            let name = policy.name.clone();
            let said = policy.quota.said();
            let (policy, has_quota) = policy.read(&path, self.degrade(), faults);
            all.push(Named { name, path, policy, said, has_quota });
        }
        for (at, class) in self.classes.iter().enumerate() {
            let path = format!("classes[{at}]");
            let name = class.name().to_owned();
            let said = class.quota.as_ref().map_or(Said::Code, QuotaSettings::said);
            let (policy, has_quota) = class.read(&path, self.degrade(), faults);
            all.push(Named { name, path, policy, said, has_quota });
        }
        all
    }

    /// What a policy does while Redis is away that does not say it itself.
    #[cfg(feature = "redis")]
    fn degrade(&self) -> Option<Degrade> {
        self.redis.as_ref()?.degrade
    }

    #[cfg(not(feature = "redis"))]
    #[expect(clippy::unused_self, reason = "where there is Redis, it is")]
    const fn degrade(&self) -> Option<Degrade> {
        None
    }
}
