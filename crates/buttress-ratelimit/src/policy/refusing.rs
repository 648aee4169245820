use buttress_core::engine::Degrade;

use super::Policy;
use crate::Penalty;

/// What happens to a request above the limit.
impl Policy {
    /// Counts and reports, and refuses nobody: to try a limit out. Nor does its [penalty](Self::penalty) ban anybody.
    ///
    /// ```
    /// # use buttress_core::stage::{Decision, Stage};
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use buttress_core::engine::Step;
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("a", Quota::per_hour(1).by(everyone()).shadow()).build()?;
    /// # let stage = limits.stage();
    /// # let answered = |status: u16| {
    /// #     let Decision::Pass(memo) = stage.enter(&mut Request::new(())) else { return false };
    /// #     stage.leave(memo, &mut Response::builder().status(status).body(Bytes::new()).unwrap());
    /// #     true
    /// # };
    /// assert!((0..100).all(|_| answered(200)));
    ///
    /// let Step::Now(verdict) = limits.peek("a", limits.writer("a").unwrap().key()).unwrap();
    /// assert!(!verdict.is_taken(), "it counts all the same");
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn shadow(mut self) -> Self {
        self.shadow = true;
        self
    }

    /// What to do while the store cannot be asked. The default is [`Degrade::Local`]. In memory it makes no difference:
    /// there the store can always be asked.
    pub fn degrade(mut self, degrade: Degrade) -> Self {
        self.degrade = degrade;
        self
    }

    /// Answers with 503 and `OVERLOADED` instead of 429: for what protects the service and is nobody's fault.
    ///
    /// ```
    /// use buttress_core::stage::{Decision, Stage};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("all", Quota::per_second(1).by(everyone()).overload()).build()?;
    /// let stage = limits.stage();
    /// let mut requests = [(); 2].map(http::Request::new);
    /// let [first, second] = requests.each_mut().map(|request| stage.enter(request));
    /// assert!(matches!(first, Decision::Pass(_)));
    /// assert!(matches!(second, Decision::Refuse(problem, _) if problem.status() == 503));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn overload(mut self) -> Self {
        self.overload = true;
        self
    }

    /// Bans keys that are refused again and again.
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = Some(penalty);
        self
    }
}
