use buttress_core::engine::Degrade;
use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

use super::{KeySettings, QuotaSettings};
use crate::{Policy, Quota, classes};

/// A policy that most services want, as settings say it: one of [`classes`](crate::classes), and what differs.
///
/// ```
/// use buttress_ratelimit::RateLimitSettings;
///
/// let settings: RateLimitSettings = toml::from_str(r#"
///     [[classes]]
///     class = "reads"
///
///     [[classes]]
///     class = "logins"
///     path = "/login"
///     quota = "30/15m"
///
///     [[classes]]
///     class = "uploads"
///     name = "pictures"
///     by = "principal"
/// "#)?;
/// let limits = settings.build()?;
/// assert_eq!(limits.quota("reads").unwrap().to_string(), "20 a second, up to 60 at once");
/// assert_eq!(limits.quota("logins").unwrap().to_string(), "30 every 15 minutes, up to 30 at once");
/// assert!(limits.quota("pictures").is_some());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClassSettings {
    /// Which of them.
    pub class: Class,
    /// Its name as a policy, if it is not that of the class.
    #[serde(default)]
    pub name: Option<String>,
    /// How much, if it is not what the class says.
    #[serde(default)]
    pub quota: Option<QuotaSettings>,
    /// Whose it is, if not the address's.
    #[serde(default)]
    pub by: Option<KeySettings>,
    /// Where to log in: of `logins`, which cannot do without, and of no other.
    #[serde(default)]
    pub path: Option<String>,
    /// What to do while a shared store cannot be asked, if it is not what the class does: `deny` for `logins`, and for
    /// the others what `redis.degrade` says, or `local`.
    #[serde(default)]
    pub degrade: Option<Degrade>,
}

/// The ready policies, each as the function of its name in [`classes`](crate::classes) makes it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// `GET` and `HEAD`.
    Reads,
    /// `POST`, `PUT`, `PATCH` and `DELETE`.
    Mutations,
    /// Files that are sent.
    Uploads,
    /// Passwords that are tried.
    Logins,
}

impl ClassSettings {
    /// Its name as a policy.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.class.word())
    }

    /// How much: what is said, or what the class says.
    pub(super) fn quota(&self) -> Result<Quota, BuildError> {
        let own = || self.class.policy(Some("/"), "", &mut Faults::new()).quota;
        self.quota.as_ref().map_or_else(|| Ok(own()), QuotaSettings::read)
    }

    /// The policy, and whether its quota could be read.
    pub(super) fn read(
        &self,
        path: &str,
        degrade: Option<Degrade>,
        faults: &mut Faults,
    ) -> (Policy, bool) {
        let mut policy = self.class.policy(self.path.as_deref(), path, faults);
        // Whoever can make a store fail must not guess passwords without a limit because all else goes on.
        let degrade = degrade.filter(|_| self.class != Class::Logins);
        policy.degrade = self.degrade.or(degrade).unwrap_or(policy.degrade);
        if let Some(by) = &self.by {
            policy = policy.by(by.read(&format!("{path}.by"), faults));
        }
        let Some(quota) = &self.quota else { return (policy, true) };
        match faults.within(path, quota.read()) {
            Some(quota) => (policy.quota(quota), true),
            None => (policy, false),
        }
    }
}

impl Class {
    const fn word(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Mutations => "mutations",
            Self::Uploads => "uploads",
            Self::Logins => "logins",
        }
    }

    fn policy(self, at: Option<&str>, path: &str, faults: &mut Faults) -> Policy {
        if self == Self::Logins {
            if at.is_none() {
                faults.add(format!("{path}.path"), "must say where to log in");
            }
        } else if at.is_some() {
            let reason = format!("is of `logins`, and not of `{}`", self.word());
            faults.add(format!("{path}.path"), reason);
        }
        match self {
            Self::Reads => classes::reads(),
            Self::Mutations => classes::mutations(),
            Self::Uploads => classes::uploads(),
            // Another one in its place, so that whatever else is wrong is told, too.
            Self::Logins => classes::logins(at.unwrap_or("/")),
        }
    }
}
