use super::{ClassSettings, PolicySettings, QuotaSettings, RateLimitSettings};

impl RateLimitSettings {
    /// What these settings say in another way than others, quotas aside, each by its path: that is looked at when a
    /// process starts, and not when [quotas are replaced](crate::RateLimit::replace_from), which tells of it in the
    /// log.
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
