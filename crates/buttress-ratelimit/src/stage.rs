use std::fmt;
use std::sync::Arc;

use buttress_core::engine::Step;
use buttress_core::stage::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};

use crate::headers::Told;
use crate::inner::{Inner, Part, Screened};
use crate::live::Live;
use crate::memo::{LimitMemo, Open};
use crate::rule::Rule;
use crate::store::{Checked, LimitStore, Memory};
use crate::{Charge, Charges, Limits, Retry, Source, Verdict, answer};

/// Refuses requests above a limit. Made by [`RateLimit::stage`](crate::RateLimit::stage),
/// [`before_auth`](crate::RateLimit::before_auth) and [`after_auth`](crate::RateLimit::after_auth).
///
/// It stands inside the context, which knows who is calling, and inside of the stage that marks probes.
///
/// ```
/// use buttress_core::{Context, stage::Stage};
/// use buttress_ratelimit::{Quota, RateLimit, everyone};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = service_fn(|_: Request<()>| async {
/// #     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
/// # });
/// let limits = RateLimit::builder().policy("all", Quota::per_hour(1).by(everyone())).build()?;
/// let app = Context::default().then(limits.stage()).layer().layer(app);
///
/// assert_eq!(app.clone().oneshot(Request::new(())).await?.status(), 200);
/// let refused = app.oneshot(Request::new(())).await?;
/// assert_eq!(refused.status(), 429);
/// assert_eq!(refused.headers()["retry-after"], "3600");
/// assert_eq!(refused.headers()["ratelimit"], r#""all";r=0;t=3600"#);
/// # Ok(())
/// # }
/// ```
#[must_use = "a stage does nothing until it is part of a layer"]
pub struct LimitStage<S: LimitStore = Memory> {
    inner: Arc<Inner<S>>,
    part: Part,
    /// Its policy, if it has only one.
    only: Option<u8>,
    /// Whether a policy of it has something left to be done once a request has passed.
    awaits_answer: bool,
}

/// What was asked of a store that has to be waited for. It waits in the extensions of its request, so that the wait of
/// the stage is that of the store.
#[derive(Clone)]
struct Pending {
    charges: Charges,
    live: Arc<Live>,
}

impl<S: LimitStore> LimitStage<S> {
    pub(crate) fn new(inner: Arc<Inner<S>>, part: Part) -> Self {
        let only = inner.only_rule(part);
        let awaits_answer = inner.rules.iter().any(|rule| part.has(rule) && rule.awaits_answer);
        Self { inner, part, only, awaits_answer }
    }
}

impl<S: LimitStore> Stage for LimitStage<S> {
    type Memo = LimitMemo<S>;
    type Wait = S::Wait;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match self.inner.screen(self.part, request) {
            Screened::Counted => {}
            Screened::PassedBy => return Decision::Pass(LimitMemo::NOTHING),
            Screened::Denied => return Decision::Refuse(answer::denied(), None),
        }
        if let Some(rule) = self.only.and_then(|only| self.inner.rule(only)) {
            return self.enter_one(rule, request);
        }
        let mut charges = Charges::new();
        match self.inner.ask(self.part, request, &mut charges) {
            Ok(()) if charges.is_empty() => Decision::Pass(LimitMemo::NOTHING),
            Ok(()) => self.take(&self.inner.live.load(), &charges, request),
            Err(stopped) => Decision::Refuse(self.inner.stop(&stopped, request), None),
        }
    }

    fn resume(&self, waited: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let verdict = waited.into();
        match request.extensions_mut().remove::<Pending>() {
            Some(Pending { charges, live }) => self.decide(&live, &charges, &verdict, request),
            // Nobody can take it away in between: no one else has the request.
            None => Decision::Refuse(answer::unavailable(), None),
        }
    }

    #[inline]
    fn leave(&self, memo: Self::Memo, response: &mut dyn ResponseHead) {
        if !memo.is_nothing() {
            memo.leave(&self.inner, response);
        }
    }

    fn failed(&self, memo: Self::Memo) {
        memo.failed();
    }
}

impl<S: LimitStore> LimitStage<S> {
    /// Where no other policy can apply, nothing is put together.
    #[inline]
    fn enter_one(&self, rule: &Rule, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let charge = match self.inner.ask_one(rule, request) {
            Ok(Some(charge)) => charge,
            Ok(None) => return Decision::Pass(LimitMemo::NOTHING),
            Err(stopped) => return Decision::Refuse(self.inner.stop(&stopped, request), None),
        };
        let live = self.inner.live.load();
        match self.take_one(rule, &live.limits, &charge) {
            Some(checked) if checked.is_plain() => self.go_on(&charge, &checked),
            Some(checked) => self.decide(&live, &charge.into(), &checked.verdict(), request),
            None => self.take(&live, &charge.into(), request),
        }
    }

    /// One charge alone, about which nothing is left to be done once it is taken.
    #[inline]
    fn take_one(&self, rule: &Rule, limits: &Limits, charge: &Charge) -> Option<Checked> {
        if rule.shadow || rule.awaits_answer {
            return None;
        }
        self.inner.store.take_one(limits, charge)
    }

    /// Nearly always it was taken, and nothing is written of it.
    #[inline]
    fn go_on(&self, charge: &Charge, checked: &Checked) -> DecisionOf<Self> {
        self.inner.metered(charge.policy(), |meters| meters.allowed.increment(1));
        let told = Told::of_one(&self.inner.forms, charge, checked);
        Decision::Pass(LimitMemo { told, open: None })
    }

    fn take(
        &self,
        live: &Arc<Live>,
        charges: &Charges,
        request: &mut dyn RequestHead,
    ) -> DecisionOf<Self> {
        match self.inner.store.take(&live.limits, charges) {
            // Where it is: to move it costs more than to read it.
            Step::Now(ref verdict) => self.decide(live, charges, verdict, request),
            Step::Later(wait) => {
                let (charges, live) = (*charges, Arc::clone(live));
                request.extensions_mut().insert(Pending { charges, live });
                Decision::Wait(wait)
            }
        }
    }

    fn decide(
        &self,
        live: &Arc<Live>,
        charges: &Charges,
        verdict: &Verdict,
        request: &mut dyn RequestHead,
    ) -> DecisionOf<Self> {
        if let Some((at, retry)) = verdict.refusal() {
            return self.refuse(live, charges, verdict, (at, retry), request);
        }
        // First what gives permits back: what hears of it is whatever a user wrote, and may panic.
        let open = if self.awaits_answer && self.inner.awaits_answer(charges) {
            Open::of(&self.inner, &live.limits, charges, verdict, request)
        } else {
            None
        };
        let told = Told::of(&self.inner.forms, charges, verdict);
        let memo = LimitMemo { told, open };
        self.inner.note(&live.limits, charges, verdict, request);
        Decision::Pass(memo)
    }

    #[cold]
    fn refuse(
        &self,
        live: &Live,
        charges: &Charges,
        verdict: &Verdict,
        (at, retry): (u8, Retry),
        request: &dyn RequestHead,
    ) -> DecisionOf<Self> {
        let refused = charges.as_slice().get(usize::from(at));
        let Some((charge, rule)) =
            refused.and_then(|charge| Some((charge, self.inner.rule(charge.policy())?)))
        else {
            return Decision::Refuse(answer::unavailable(), None);
        };
        let source = self.inner.note_refusal(charge, verdict, at, retry);
        if source == Source::Denied {
            return Decision::Refuse(answer::unavailable(), None);
        }
        self.inner.violations.refused(rule, charge.key(), (source, retry), request);
        let mut told = *verdict;
        let problem = self.inner.punish_all(charges, &mut told, request);
        let problem = problem.unwrap_or_else(|| rule.answers.refused(retry));
        Decision::Refuse(self.inner.telling(problem, live, charges, &told), None)
    }
}

impl<S: LimitStore> Clone for LimitStage<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), ..*self }
    }
}

impl<S: LimitStore> fmt::Debug for LimitStage<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitStage")
            .field("policies", &self.inner.names)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}
