use std::fmt;

use buttress_core::audit::Actor;
use buttress_core::engine::Step;
use buttress_core::{BuildError, Key, RequestContext};

use crate::store::{LimitStore, Memory};
use crate::violations::By;
use crate::{NoSuchLimit, Quota, RateLimit, RateLimitSettings, Subject, Verdict};

/// Somebody who changes limits by hand, as the audit is to know: made by [`RateLimit::operator`].
///
/// ```
/// use buttress_core::Principal;
/// use buttress_core::audit::{Actor, Audit, channel};
/// use buttress_ratelimit::{Quota, RateLimit, everyone};
///
/// let (sink, mut records) = channel(10);
/// let audit = Audit::builder().sink(sink).build()?;
/// let limits = RateLimit::builder().policy("all", Quota::per_minute(9).by(everyone())).audit(audit).build()?;
///
/// let desk = limits.operator(Actor::System("support desk"));
/// desk.replace([("all", Quota::per_minute(20))])?;
/// let record = records.try_recv().unwrap();
/// assert_eq!(record.actor().to_string(), "system support desk");
/// assert_eq!(record.reason(), Some("20 a minute, up to 20 at once"));
///
/// // A person, and the request that it was done by: whatever is unknown of the actor is that of the request.
/// # use buttress_core::{Context, stage::{RequestHead, Stage}};
/// # let mut request = http::Request::post("/admin/limits").body(()).unwrap();
/// # let _memo = Context::default().enter(&mut request);
/// let context = request.context().unwrap();
/// context.set_principal(Principal::new("ada"));
/// let key = limits.writer("all").unwrap().key();
/// let _ = limits.operator(Actor::Unknown).request(context).reset("all", key)?;
/// let record = records.try_recv().unwrap();
/// assert_eq!((record.actor().kind(), record.request_id()), ("principal", Some(context.id().as_str())));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "an operator changes nothing until it is told what"]
pub struct Operator<'a, S: LimitStore = Memory> {
    limits: &'a RateLimit<S>,
    by: By<'a>,
}

impl<S: LimitStore> RateLimit<S> {
    /// Changes limits in the name of somebody, whom the audit is told. What is changed without it, the system has
    /// changed.
    pub const fn operator<'a>(&'a self, actor: Actor<'a>) -> Operator<'a, S> {
        Operator { limits: self, by: By { actor, request: None } }
    }
}

impl<'a, S: LimitStore> Operator<'a, S> {
    /// Says in which request: the audit is told its id and its trace. Where the [actor](Actor::Unknown) is not known,
    /// it is whom the request is from.
    pub const fn request(mut self, context: &'a RequestContext) -> Self {
        self.by.request = Some(context);
        self
    }

    /// As [`RateLimit::lift`].
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name.
    pub fn lift(&self, policy: &str, key: Key) -> Result<bool, NoSuchLimit> {
        self.limits.lift_by(policy, key, self.by)
    }

    /// As [`RateLimit::reset`].
    ///
    /// # Errors
    ///
    /// Fails if there is no policy of this name, or if its shard is not said.
    pub fn reset(
        &self,
        policy: &str,
        key: impl Into<Subject>,
    ) -> Result<Step<Verdict, S::Wait>, NoSuchLimit> {
        self.limits.reset_by(policy, key.into(), self.by)
    }

    /// As [`RateLimit::replace`].
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong, and then nothing is replaced.
    pub fn replace<'q>(
        &self,
        quotas: impl IntoIterator<Item = (&'q str, Quota)>,
    ) -> Result<(), BuildError> {
        self.limits.replace_by(quotas.into_iter().collect(), self.by)
    }

    /// As [`RateLimit::replace_from`].
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong with the quotas, and then nothing is replaced.
    pub fn replace_from(&self, settings: &RateLimitSettings) -> Result<(), BuildError> {
        self.limits.replace_from_by(settings, self.by)
    }
}

impl By<'static> {
    /// Nobody has said who.
    pub(crate) const SYSTEM: Self = Self { actor: Actor::System("rate limit"), request: None };
}

impl<S: LimitStore> fmt::Debug for Operator<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("actor", &self.by.actor).finish_non_exhaustive()
    }
}
