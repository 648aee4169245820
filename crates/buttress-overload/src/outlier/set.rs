use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use buttress_core::BuildError;
use buttress_core::clock::Timer;
use buttress_core::outcome::{AsError, HttpClassify, JudgedAnswer};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_service::Service;

use super::choice::{Choice, Ready};
use super::waiter::Waiter;
use super::{EndpointFuture, Endpoints, OutlierBuilder, Outliers, Seat};
use crate::NoTimer;

/// A service that calls one endpoint after another, and leaves out those that do worse than they may.
///
/// ```
/// use buttress_core::Problem;
/// use buttress_core::outcome::{Outcome, classify_fn};
/// use buttress_overload::outlier::EndpointSet;
/// use tower::{Service, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = |name: &'static str| service_fn(move |()| async move {
///     if name == "b" { Err(Problem::new(buttress_core::Code::INTERNAL)) } else { Ok(name) }
/// });
/// let set = EndpointSet::new(["a", "b", "c"].map(endpoint), |outliers| outliers)?;
/// let mut set = set.as_error().classify(classify_fn(|result: Result<&&str, &Problem>| match result {
///     Ok(_) => Outcome::Success,
///     Err(_) => Outcome::Failure,
/// }));
///
/// for _ in 0..15 {
///     let _ = set.ready().await?.call(()).await;
/// }
/// assert_eq!(set.outliers().left_out(), [1]);
/// let mut names = [set.ready().await?.call(()).await?, set.ready().await?.call(()).await?];
/// names.sort_unstable();
/// assert_eq!(names, ["a", "c"]);
/// # Ok(())
/// # }
/// ```
///
/// It is ready once one of the endpoints that are not left out is; one that is not ready when its turn comes is passed
/// over. A caller that waits because none is ready is also woken when an endpoint is left out or taken in, or the
/// [list](Self::endpoints) changes; with a [timer](Self::timer), also when the time of one that is left out is over.
/// Without a timer, the next call looks at the time.
///
/// Cloning it costs little: only the endpoint that is called is cloned. So that its clones can be sent to other
/// threads, the services have to be `Sync`, too, as clients of hyper and channels of tonic are.
///
/// # Errors
///
/// Those of the endpoints. One that fails to become ready has failed, and the next one is asked; the set fails to
/// become ready if all do. While all have been [removed](Endpoints::remove) it is ready, and refuses the call with
/// [`Code::UNAVAILABLE`](buttress_core::Code::UNAVAILABLE).
pub struct EndpointSet<S: 'static, C: 'static = HttpClassify, M = Rewrap, T: Timer = NoTimer> {
    endpoints: Endpoints<S>,
    classify: Shared<C>,
    choice: Choice<S>,
    waiter: Waiter<T>,
    mode: PhantomData<fn() -> M>,
}

impl<S> EndpointSet<S> {
    /// One service for each endpoint, with outliers as they are built here. For HTTP.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong, and if there is no endpoint.
    pub fn new(
        services: impl IntoIterator<Item = S>,
        build: impl FnOnce(OutlierBuilder) -> OutlierBuilder,
    ) -> Result<Self, BuildError> {
        let services: Vec<S> = services.into_iter().collect();
        let outliers = build(Outliers::of(services.len())).build()?;
        let endpoints = Endpoints::new(services, outliers);
        let choice = Choice::new(&endpoints);
        Ok(Self::of(endpoints, Shared::new(HttpClassify::new()), choice, NoTimer))
    }
}

impl<S, C, M, T: Timer> EndpointSet<S, C, M, T> {
    fn of(endpoints: Endpoints<S>, classify: Shared<C>, choice: Choice<S>, timer: T) -> Self {
        let waiter = Waiter::new(endpoints.outliers().clone(), timer);
        Self { endpoints, classify, choice, waiter, mode: PhantomData }
    }

    /// Who is left out.
    pub fn outliers(&self) -> &Outliers {
        self.endpoints.outliers()
    }

    /// Which endpoints there are, to be changed.
    pub const fn endpoints(&self) -> &Endpoints<S> {
        &self.endpoints
    }
}

impl<S, C, M, T: Timer + Clone> EndpointSet<S, C, M, T> {
    /// Judges by this how calls end.
    pub fn classify<D>(self, classify: D) -> EndpointSet<S, D, M, T> {
        self.judged_by(Shared::new(classify))
    }

    /// Keeps the type of the body. Calls are then judged by their heads.
    pub fn keep_body(self) -> EndpointSet<S, C, Keep, T> {
        let classify = self.classify.clone();
        self.judged_by(classify)
    }

    /// For any request, and any response.
    pub fn as_error(self) -> EndpointSet<S, C, AsError, T> {
        let classify = self.classify.clone();
        self.judged_by(classify)
    }

    /// Wakes those who wait for an endpoint when somebody's time of being left out is over: who waits alone would not
    /// hear of it. It is armed while they wait.
    ///
    /// ```
    /// use buttress_core::Problem;
    /// use buttress_core::clock::{Clock, TokioClock, TokioTimer, secs};
    /// use buttress_core::outcome::Outcome;
    /// # use buttress_core::outcome::classify_fn;
    /// use buttress_overload::outlier::EndpointSet;
    /// use tower::ServiceExt;
    /// # use std::task::{Context, Poll};
    /// # #[derive(Clone)]
    /// # struct Endpoint { is_ready: bool }
    /// # impl tower::Service<()> for Endpoint {
    /// #     type Response = ();
    /// #     type Error = Problem;
    /// #     type Future = std::future::Ready<Result<(), Problem>>;
    /// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Problem>> {
    /// #         if self.is_ready { Poll::Ready(Ok(())) } else { Poll::Pending }
    /// #     }
    /// #     fn call(&mut self, (): ()) -> Self::Future {
    /// #         std::future::ready(Ok(()))
    /// #     }
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoints = [true, false].map(|is_ready| Endpoint { is_ready });
    /// let clock = TokioClock::new();
    /// let begun = clock.now();
    /// let set = EndpointSet::new(endpoints, |outliers| outliers.clock(clock.clone()))?;
    /// # let set = set.classify(classify_fn(|result: Result<&(), &Problem>| match result {
    /// #     Ok(()) => Outcome::Success,
    /// #     Err(_) => Outcome::Failure,
    /// # }));
    /// let mut set = set.as_error().timer(TokioTimer);
    ///
    /// // The first one is left out, and the second one is not ready.
    /// (0..5).for_each(|_| set.outliers().enter(0).settle(Outcome::Failure));
    /// set.ready().await?;
    /// assert!((secs(30)..secs(31)).contains(&(clock.now() - begun)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn timer<U: Timer + Clone>(self, timer: U) -> EndpointSet<S, C, M, U> {
        EndpointSet::of(self.endpoints, self.classify, self.choice, timer)
    }

    fn judged_by<D, N>(self, classify: Shared<D>) -> EndpointSet<S, D, N, T> {
        let timer = self.waiter.timer().clone();
        EndpointSet::of(self.endpoints, classify, self.choice, timer)
    }
}

impl<S, C, M, T: Timer> EndpointSet<S, C, M, T> {
    fn poll_choice<Req>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
    where
        S: Service<Req> + Clone,
    {
        // Twice, as a timer that rings before its time is asked again; and then when it is the turn of this task.
        for _ in 0..LOOKS {
            self.waiter.look();
            self.choice.catch_up(&self.endpoints);
            if let ready @ Poll::Ready(_) = self.choice.poll(self.endpoints.outliers(), cx) {
                self.waiter.leave();
                return ready;
            }
            if self.waiter.poll(self.choice.seen(), cx).is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How often it is looked at once, where what was seen is old already.
const LOOKS: usize = 2;

impl<Req, S, C, M, T> Service<Req> for EndpointSet<S, C, M, T>
where
    S: Service<Req> + Clone,
    M: JudgedAnswer<Req, S::Response, S::Error, C, Seat>,
    T: Timer,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = EndpointFuture<Req, S::Future, C, M, M::Wants>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.choice.catch_up(&self.endpoints);
        if self.choice.is_ready(self.endpoints.outliers()) {
            return Poll::Ready(Ok(()));
        }
        self.poll_choice(cx)
    }

    #[expect(clippy::panic, reason = "the contract of `Service`: the caller's bug, as in tower")]
    fn call(&mut self, request: Req) -> Self::Future {
        match self.choice.take(&self.endpoints) {
            (Ready::Endpoint(_, mut service), seat) => {
                EndpointFuture::calling(service.call(request), seat, self.classify.clone())
            }
            (Ready::Nobody, _) => EndpointFuture::refused(M::wants(&request)),
            (Ready::NotYet, _) => panic!("`poll_ready` was not called before"),
        }
    }
}

impl<S, C, M, T: Timer + Clone> Clone for EndpointSet<S, C, M, T> {
    /// A clone has nothing ready.
    fn clone(&self) -> Self {
        let (endpoints, classify) = (self.endpoints.clone(), self.classify.clone());
        Self::of(endpoints, classify, self.choice.anew(), self.waiter.timer().clone())
    }
}

impl<S, C, M, T: Timer> fmt::Debug for EndpointSet<S, C, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointSet").field("outliers", self.outliers()).finish_non_exhaustive()
    }
}
