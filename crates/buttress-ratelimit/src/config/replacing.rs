use buttress_core::{BuildError, Fault, Faults};

use super::{QuotaSettings, RateLimitSettings, Said};
use crate::store::LimitStore;
use crate::violations::By;
use crate::{Quota, RateLimit};

/// The quota of a policy, and where it stands.
struct Entry<'a> {
    name: &'a str,
    path: String,
    said: Said,
    /// Nothing, if it is wrong.
    quota: Option<Quota>,
}

impl RateLimitSettings {
    fn entries(&self, faults: &mut Faults) -> Vec<Entry<'_>> {
        let policies = self.policies.iter().enumerate().map(|(at, policy)| {
            let (path, quota) = (format!("policies[{at}]"), policy.quota.read());
            (&*policy.name, path, policy.quota.said(), quota)
        });
        let classes = self.classes.iter().enumerate().map(|(at, class)| {
            let said = class.quota.as_ref().map_or(Said::Code, QuotaSettings::said);
            (class.name(), format!("classes[{at}]"), said, class.quota())
        });
        let read = |(name, path, said, quota): (_, String, _, _)| {
            let quota = faults.within(&path, quota);
            Entry { name, path, said, quota }
        };
        policies.chain(classes).map(read).collect()
    }
}

/// Where a fault stands in the file: what code calls by the name of its policy.
fn place(all: &[Entry<'_>], fault: &Fault) -> String {
    let found = all.iter().rev().find_map(|entry| {
        let rest = fault.path().strip_prefix("policies.")?.strip_prefix(entry.name)?;
        match rest {
            "" => Some(entry.path.clone()),
            // A name may have dots, and so be the beginning of another one.
            ".cost" => Some(format!("{}.cost", entry.path)),
            _ => {
                let of_quota = rest.strip_prefix('.').filter(|rest| rest.starts_with("quota."))?;
                Some(format!("{}.{}", entry.path, entry.said.place(of_quota)))
            }
        }
    });
    found.unwrap_or_else(|| fault.path().to_owned())
}

impl<S: LimitStore> RateLimit<S> {
    /// Replaces the quotas by those of these settings, as [`replace`](Self::replace) does. Whatever else they say is
    /// looked at when a process starts: what [differs](RateLimitSettings::needs_restart) from the settings that these
    /// limits were made of is told in the log, and so is a policy that these limits were made without.
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
        let mut faults = Faults::new();
        let all = settings.entries(&mut faults);
        let (known, new): (Vec<_>, Vec<_>) =
            all.iter().partition(|entry| self.rule(entry.name).is_some());
        let quotas = known.iter().filter_map(|entry| Some((entry.name, entry.quota?)));
        let place = |fault: &Fault| place(&all, fault);
        self.replace_placed(quotas.collect(), faults, place, by)?;
        if !new.is_empty() {
            let names: Vec<_> = new.into_iter().map(|entry| entry.name).collect();
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
