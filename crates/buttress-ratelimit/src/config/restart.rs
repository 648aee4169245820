use buttress_core::BuildError;

use super::{ClassSettings, PolicySettings, QuotaSettings, RateLimitSettings};
use crate::RateLimit;
use crate::store::LimitStore;
use crate::violations::By;

impl RateLimitSettings {
    /// What these settings say in another way than others, quotas aside, each by its path: that is looked at when a process
    /// starts, and not when [quotas are replaced](crate::RateLimit::replace_from), which tells of it in the log.
    ///
    /// ```
    /// use buttress_ratelimit::RateLimitSettings;
    ///
    /// let read = |text| toml::from_str::<RateLimitSettings>(text);
    /// let before = read(r#"policies = [{ name = "a", quota = "9/s", by = "address" }]"#)?;
    /// let quota = read(r#"policies = [{ name = "a", quota = "5/s", by = "address" }]"#)?;
    /// assert!(before.needs_restart(&quota).is_empty());
    ///
    /// let more = read(r#"
    ///     policies = [{ name = "a", quota = "5/s", by = "principal" }]
    ///     memory = { keys = 1_000 }
    /// "#)?;
    /// assert_eq!(before.needs_restart(&more), ["policies", "memory"]);
    /// # Ok::<_, toml::de::Error>(())
    /// ```
    #[must_use]
    pub fn needs_restart(&self, other: &Self) -> Vec<&'static str> {
        let changed = [
            ("policies", self.policies_beside_quotas() != other.policies_beside_quotas()),
            ("classes", self.classes_beside_quotas() != other.classes_beside_quotas()),
            ("exempt", self.exempt != other.exempt),
            ("deny", self.deny != other.deny),
            ("shadow", self.shadow != other.shadow),
            ("count_probes", self.count_probes != other.count_probes),
            ("headers", self.headers != other.headers),
            ("headers_on_success", self.headers_on_success != other.headers_on_success),
            ("partition_keys", self.partition_keys != other.partition_keys),
            ("shard_by", self.shard_by != other.shard_by),
            ("key_seed", self.key_seed != other.key_seed),
            ("most_banned", self.most_banned != other.most_banned),
            ("most_waiting", self.most_waiting != other.most_waiting),
            ("memory", self.memory != other.memory),
            #[cfg(feature = "redis")]
            ("redis", self.redis != other.redis),
        ];
        changed.into_iter().filter(|(_, is_changed)| *is_changed).map(|(path, _)| path).collect()
    }

    fn policies_beside_quotas(&self) -> Vec<PolicySettings> {
        let none = QuotaSettings::Words(String::new());
        let without =
            |policy: &PolicySettings| PolicySettings { quota: none.clone(), ..policy.clone() };
        self.policies.iter().map(without).collect()
    }

    fn classes_beside_quotas(&self) -> Vec<ClassSettings> {
        let without = |class: &ClassSettings| ClassSettings { quota: None, ..class.clone() };
        self.classes.iter().map(without).collect()
    }
}

impl<S: LimitStore> RateLimit<S> {
    /// Replaces the quotas by those of these settings, as [`replace`](Self::replace) does. Whatever else they say is looked
    /// at when a process starts: what [differs](RateLimitSettings::needs_restart) from the settings that these limits were made
    /// of is told in the log, and so is a policy that these limits were made without.
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong with the quotas, and then nothing is replaced.
    pub fn replace_from(&self, settings: &RateLimitSettings) -> Result<(), BuildError> {
        self.replace_from_by(settings, By::SYSTEM)
    }

    pub(crate) fn replace_from_by(
        &self,
        settings: &RateLimitSettings,
        by: By<'_>,
    ) -> Result<(), BuildError> {
        let quotas = settings.quotas()?;
        let (known, new): (Vec<_>, Vec<_>) =
            quotas.into_iter().partition(|(policy, _)| self.rule(policy).is_some());
        self.replace_by(known, by)?;
        if !new.is_empty() {
            let names: Vec<_> = new.into_iter().map(|(policy, _)| policy).collect();
            tracing::warn!(
                target: "buttress",
                policies = names.join(", "),
                "some policies only count after a restart, as these limits were made without them"
            );
        }
        let changed = self.inner.said.as_ref().map(|said| said.needs_restart(settings));
        if let Some(paths) = changed.filter(|paths| !paths.is_empty()) {
            tracing::warn!(
                target: "buttress",
                settings = paths.join(", "),
                "some settings of limits only count after a restart"
            );
        }
        Ok(())
    }
}
