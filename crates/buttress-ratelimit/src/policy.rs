use std::fmt;
use std::sync::Arc;

use buttress_core::engine::Degrade;
use buttress_core::key::{KeyFor, KeyParts, MissingKey};
use buttress_core::stage::RequestHead;
use http::StatusCode;

use crate::counting::Counting;
use crate::when::Condition;
use crate::{Penalty, Quota};

/// A quota, and whose it is: what [`Quota::by`] begins.
///
/// ```
/// use buttress_core::engine::Degrade;
/// use buttress_ratelimit::when::{POST, method, path};
/// use buttress_ratelimit::{Quota, RateLimit, address};
///
/// // Five wrong passwords a quarter of an hour. Who knows the right one is not counted.
/// let logins = Quota::per(std::time::Duration::from_secs(900), 5)
///     .by(address())
///     .when(method(POST).and(path("/login")))
///     .only_failures()
///     .degrade(Degrade::Deny);
///
/// let limits = RateLimit::builder().policy("logins", logins).build()?;
/// assert_eq!(limits.quota("logins").unwrap().to_string(), "5 every 900s, up to 5 at once");
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[must_use = "a policy limits nothing until it is part of a rate limit"]
pub struct Policy {
    pub(crate) quota: Quota,
    pub(crate) by: Arc<dyn KeyFor>,
    pub(crate) when: Vec<Condition>,
    pub(crate) unless: Vec<Condition>,
    pub(crate) missing: MissingKey,
    pub(crate) cost: Cost,
    pub(crate) counting: Counting,
    pub(crate) shadow: bool,
    pub(crate) degrade: Degrade,
    pub(crate) overload: bool,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) place: Option<Place>,
}

/// What a request costs.
pub(crate) enum Cost {
    Fixed(u32),
    Own(CostOf),
    /// So much is reserved, until the handler says what it was.
    Reported(u32),
}

type CostOf = Arc<dyn Fn(&dyn RequestHead) -> u32 + Send + Sync>;

/// On which side of authentication a policy is decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    BeforeAuth,
    AfterAuth,
}

impl Quota {
    /// Says whose quota it is: each key has one for itself.
    ///
    /// ```
    /// use buttress_ratelimit::{Quota, address, route};
    ///
    /// let policy = Quota::per_second(5).by((address(), route()));
    /// assert_eq!(format!("{policy:?}"), "5 a second, up to 5 at once, by address, route");
    /// ```
    pub fn by(self, key: impl KeyFor + 'static) -> Policy {
        Policy {
            quota: self,
            by: Arc::new(key),
            when: Vec::new(),
            unless: Vec::new(),
            missing: MissingKey::Share,
            cost: Cost::Fixed(1),
            counting: Counting::EVERYTHING,
            shadow: false,
            degrade: Degrade::Local,
            overload: false,
            penalty: None,
            place: None,
        }
    }
}

/// For which requests it is.
impl Policy {
    /// Only for these requests. Said more than once, all of it has to hold.
    pub fn when(mut self, condition: Condition) -> Self {
        self.when.push(condition);
        self
    }

    /// Not for these requests.
    pub fn unless(mut self, condition: Condition) -> Self {
        self.unless.push(condition);
        self
    }

    /// Whose quota it is, instead of what was said before.
    pub fn by(mut self, key: impl KeyFor + 'static) -> Self {
        self.by = Arc::new(key);
        self
    }

    /// How much, instead of what was said before.
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// What to do with a request that lacks a part of its key. The default is [`MissingKey::Share`]: all who lack it have
    /// one quota together.
    pub fn missing(mut self, missing: MissingKey) -> Self {
        self.missing = missing;
        self
    }

    /// Is decided before authentication, also if its key says who is calling.
    pub fn before_auth(mut self) -> Self {
        self.place = Some(Place::BeforeAuth);
        self
    }

    /// Is decided after authentication. Policies whose keys say who is calling are by themselves; a closure has to say so.
    pub fn after_auth(mut self) -> Self {
        self.place = Some(Place::AfterAuth);
        self
    }
}

/// What is counted.
impl Policy {
    /// Each request costs so much. The default is 1; what costs nothing is not counted.
    pub fn cost(mut self, cost: u32) -> Self {
        self.cost = Cost::Fixed(cost);
        self
    }

    /// Each request costs what a closure says. More than fits at once is refused for good; nothing is not counted.
    pub fn cost_by(
        mut self,
        cost: impl Fn(&dyn RequestHead) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.cost = Cost::Own(Arc::new(cost));
        self
    }

    /// Each request costs what its handler says afterwards. Until then so much is reserved; so much stays charged if
    /// nothing is said. See [`Bill`](crate::Bill). It is refused for permits, all of which come back with the answer.
    pub fn cost_reported(mut self, reserved: u32) -> Self {
        self.cost = Cost::Reported(reserved);
        self
    }

    /// Counts only requests that fail: with a status from 400 on, without an answer, or with an error of gRPC that stands in
    /// the head, as that of a call that has sent nothing.
    ///
    /// Each is charged when it comes, and gets its charge back when it has not failed: so a thousand guesses at once are
    /// not more guesses than one after another. And no more are under way at once than the quota has: where many share a key,
    /// it has to be large enough for those that succeed.
    pub fn only_failures(mut self) -> Self {
        self.counting = self.counting.only_failures();
        self
    }

    /// Counts only requests that succeed. What fails gets its charge back.
    pub fn only_successes(mut self) -> Self {
        self.counting = self.counting.only_successes();
        self
    }

    /// Counts only requests that are answered with such a status. What is not answered at all is counted.
    pub fn only_status(
        mut self,
        counts: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.counting = self.counting.only_status(Arc::new(counts));
        self
    }

    /// Gives the charge back for such a status, as for a failure of one's own:
    /// `.refund_status(|status| status.is_server_error())`.
    pub fn refund_status(
        mut self,
        refunds: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.counting = self.counting.refund_status(Arc::new(refunds));
        self
    }
}

/// What becomes of a request that is too much.
impl Policy {
    /// Counts and reports, and refuses nobody: to try a limit out.
    pub fn shadow(mut self) -> Self {
        self.shadow = true;
        self
    }

    /// What to do while the store cannot be asked. The default is [`Degrade::Local`].
    pub fn degrade(mut self, degrade: Degrade) -> Self {
        self.degrade = degrade;
        self
    }

    /// Answers with 503 and `OVERLOADED` instead of 429: for what protects the service and is nobody's fault.
    pub fn overload(mut self) -> Self {
        self.overload = true;
        self
    }

    /// Bans whoever is refused again and again.
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = Some(penalty);
        self
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, by {}", self.quota, KeyParts::of(&*self.by))?;
        for condition in &self.when {
            write!(f, ", when {condition:?}")?;
        }
        for condition in &self.unless {
            write!(f, ", unless {condition:?}")?;
        }
        f.write_str(if self.shadow { ", as a trial" } else { "" })
    }
}
