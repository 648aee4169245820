use std::sync::Arc;
use std::time::Duration;

use buttress_core::Key;

/// A ban that is in force: what [`RateLimit::bans`](crate::RateLimit::bans) lists.
///
/// ```
/// # use buttress_core::clock::{Clock, ManualClock};
/// # use buttress_ratelimit::{Penalty, Quota, RateLimit, address};
/// # use buttress_core::stage::{Decision, Stage};
/// # let clock = ManualClock::new();
/// let policy = Quota::per_minute(1).by(address()).penalty(Penalty::after(1));
/// let limits = RateLimit::builder().clock(clock.clone()).policy("per-address", policy).build()?;
/// let stage = limits.stage();
/// let mut request = http::Request::new(());
/// for _ in 0..2 {
///     drop(stage.enter(&mut request));
/// }
///
/// let ban = limits.bans()[0].clone();
/// assert_eq!((ban.policy(), ban.left().as_secs()), ("per-address", 300));
/// assert_eq!(limits.lift(ban.policy(), ban.key()), Ok(true));
/// assert!(limits.bans().is_empty());
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ban {
    pub(crate) policy: Arc<str>,
    pub(crate) key: Key,
    pub(crate) left: Duration,
}

impl Ban {
    /// The policy that was violated.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Whose it is.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }

    /// How long it still lasts.
    #[must_use]
    pub const fn left(&self) -> Duration {
        self.left
    }
}
