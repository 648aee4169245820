use std::sync::Arc;

use buttress_core::stage::RequestHead;
use http::StatusCode;

use super::{Cost, Policy};

/// What is counted.
impl Policy {
    /// Each request costs so much. The default is 1; what costs nothing is not counted.
    ///
    /// ```
    /// # use buttress_core::stage::{Decision, Stage};
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("a", Quota::per_hour(10).by(everyone()).cost(5)).build()?;
    /// # let stage = limits.stage();
    /// # let answered = |status: u16| {
    /// #     let Decision::Pass(memo) = stage.enter(&mut Request::new(())) else { return false };
    /// #     stage.leave(memo, &mut Response::builder().status(status).body(Bytes::new()).unwrap());
    /// #     true
    /// # };
    /// assert!(answered(200) && answered(200) && !answered(200));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn cost(mut self, cost: u32) -> Self {
        self.cost = Cost::Fixed(cost);
        self
    }

    /// Each request costs what a closure says. More than fits at once is refused for good; nothing is not counted.
    ///
    /// ```
    /// use buttress_core::stage::RequestHead;
    /// use buttress_core::stage::{Decision, Stage};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let pages = |request: &dyn RequestHead| request.uri().query().and_then(|query| query.parse().ok()).unwrap_or(1);
    /// let limits = RateLimit::builder().policy("pages", Quota::per_hour(10).by(everyone()).cost_by(pages)).build()?;
    /// let stage = limits.stage();
    /// let asks = |uri: &str| stage.enter(&mut http::Request::get(uri).body(()).unwrap());
    /// assert!(matches!(asks("/?9"), Decision::Pass(_)) && matches!(asks("/?2"), Decision::Refuse(..)));
    ///
    /// let Decision::Refuse(problem, _) = asks("/?11") else { panic!() };
    /// assert_eq!((problem.code().name(), problem.retry_after()), ("COST_ABOVE_LIMIT", None));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
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

    /// Counts only requests that fail: with a status from 400 on, without an answer, or with an error of gRPC that
    /// stands in the head, as that of a call that has sent nothing.
    ///
    /// Each is charged when it comes, and gets its charge back when it has not failed: so a thousand guesses at once
    /// are not more guesses than one after another. And no more are under way at once than the quota has: where many
    /// share a key, it has to be large enough for those that succeed.
    ///
    /// ```
    /// # use buttress_core::stage::{Decision, Stage};
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("a", Quota::per_hour(2).by(everyone()).only_failures()).build()?;
    /// # let stage = limits.stage();
    /// # let answered = |status: u16| {
    /// #     let Decision::Pass(memo) = stage.enter(&mut Request::new(())) else { return false };
    /// #     stage.leave(memo, &mut Response::builder().status(status).body(Bytes::new()).unwrap());
    /// #     true
    /// # };
    /// assert!((0..100).all(|_| answered(200)), "who knows the password is not counted");
    /// assert!(answered(401) && answered(401) && !answered(200));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn only_failures(mut self) -> Self {
        self.counting = self.counting.only_failures();
        self
    }

    /// Counts only requests that succeed. What fails gets its charge back.
    ///
    /// ```
    /// # use buttress_core::stage::{Decision, Stage};
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("a", Quota::per_hour(1).by(everyone()).only_successes()).build()?;
    /// # let stage = limits.stage();
    /// # let answered = |status: u16| {
    /// #     let Decision::Pass(memo) = stage.enter(&mut Request::new(())) else { return false };
    /// #     stage.leave(memo, &mut Response::builder().status(status).body(Bytes::new()).unwrap());
    /// #     true
    /// # };
    /// assert!(answered(422) && answered(201) && !answered(201));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn only_successes(mut self) -> Self {
        self.counting = self.counting.only_successes();
        self
    }

    /// Counts only requests that are answered with such a status. What is not answered at all is counted.
    ///
    /// ```
    /// # use buttress_core::stage::{Decision, Stage};
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("a", Quota::per_hour(1).by(everyone()).only_status(|status| status == 404)).build()?;
    /// # let stage = limits.stage();
    /// # let answered = |status: u16| {
    /// #     let Decision::Pass(memo) = stage.enter(&mut Request::new(())) else { return false };
    /// #     stage.leave(memo, &mut Response::builder().status(status).body(Bytes::new()).unwrap());
    /// #     true
    /// # };
    /// assert!(answered(200) && answered(500) && answered(404) && !answered(404));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn only_status(
        mut self,
        counts: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.counting = self.counting.only_status(Arc::new(counts));
        self
    }

    /// Gives the charge back for such a status, as for a failure of one's own:
    /// `.refund_status(|status| status.is_server_error())`.
    ///
    /// ```
    /// # use buttress_core::stage::{Decision, Stage};
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use buttress_ratelimit::{Quota, RateLimit, everyone};
    ///
    /// let limits = RateLimit::builder().policy("a", Quota::per_hour(1).by(everyone()).refund_status(|status| status.is_server_error())).build()?;
    /// # let stage = limits.stage();
    /// # let answered = |status: u16| {
    /// #     let Decision::Pass(memo) = stage.enter(&mut Request::new(())) else { return false };
    /// #     stage.leave(memo, &mut Response::builder().status(status).body(Bytes::new()).unwrap());
    /// #     true
    /// # };
    /// assert!(answered(503) && answered(200) && !answered(200));
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn refund_status(
        mut self,
        refunds: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.counting = self.counting.refund_status(Arc::new(refunds));
        self
    }
}
