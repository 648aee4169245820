mod counted;
mod refusing;

use std::fmt;
use std::sync::Arc;

use buttress_core::engine::Degrade;
use buttress_core::key::{KeyFor, KeyParts, MissingKey};
use buttress_core::stage::RequestHead;

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
/// assert_eq!(limits.quota("logins").unwrap().to_string(), "5 every 15 minutes, up to 5 at once");
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
    ///
    /// ```
    /// use buttress_ratelimit::{POST, Quota, address, method, path_prefix};
    ///
    /// let policy = Quota::per_second(5).by(address()).when(method(POST)).unless(path_prefix("/internal"));
    /// let written = format!("{policy:?}");
    /// assert!(written.ends_with("by address, when method in [POST], unless path below /internal"), "{written}");
    /// ```
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

    /// What to do with a request that lacks a part of its key. The default is [`MissingKey::Share`]: all who lack it
    /// have one quota together.
    ///
    /// ```
    /// use buttress_core::stage::{Decision, Stage};
    /// use buttress_ratelimit::{MissingKey, Quota, RateLimit, api_key};
    ///
    /// for (missing, admitted, status) in [(MissingKey::Share, 1, 429), (MissingKey::Skip, 3, 0), (MissingKey::Refuse, 0, 400)] {
    ///     let policy = Quota::per_hour(1).by(api_key()).missing(missing);
    ///     let stage = RateLimit::builder().policy("per-key", policy).build()?.stage();
    ///     let mut requests = [(); 3].map(http::Request::new);
    ///     let decisions = requests.each_mut().map(|request| stage.enter(request));
    ///     assert_eq!(decisions.iter().filter(|decided| matches!(decided, Decision::Pass(_))).count(), admitted);
    ///     assert!(decisions.iter().all(|decided| !matches!(decided, Decision::Refuse(problem, _) if problem.status() != status)));
    /// }
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn missing(mut self, missing: MissingKey) -> Self {
        self.missing = missing;
        self
    }

    /// Is decided before authentication, also if its key says who is calling.
    pub fn before_auth(mut self) -> Self {
        self.place = Some(Place::BeforeAuth);
        self
    }

    /// Is decided after authentication. Policies whose keys say who is calling are by themselves; a closure has to say
    /// so.
    ///
    /// ```
    /// use buttress_core::stage::{Decision, Stage};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("all", Quota::per_hour(1).by(everyone()).after_auth()).build()?;
    /// let (outside, inside) = (limits.before_auth(), limits.after_auth());
    /// let mut requests = [(); 2].map(http::Request::new);
    /// for request in &mut requests {
    ///     assert!(matches!(outside.enter(request), Decision::Pass(_)));
    /// }
    /// let [first, second] = requests.each_mut().map(|request| inside.enter(request));
    /// assert!(matches!((first, second), (Decision::Pass(_), Decision::Refuse(..))));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn after_auth(mut self) -> Self {
        self.place = Some(Place::AfterAuth);
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
