use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::BuildError;
use buttress_core::outcome::{AsError, HttpClassify, JudgedAnswer, Outcome};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{OutlierBuilder, Outliers, Seat};

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
/// It is ready once one of the endpoints is that are not left out; whichever is not ready when it is its turn is passed over. To be
/// cloned costs little: only the endpoint that is called is. So that its clones can be sent to other threads, the services have to be `Sync`,
/// too, as clients of hyper and channels of tonic are. The list is fixed; for another one, make another set.
///
/// # Errors
///
/// Those of the endpoints. One that fails to become ready has failed, and the next one is asked; the set fails to become ready if all do.
pub struct EndpointSet<S: 'static, C: 'static = HttpClassify, M = Rewrap> {
    services: Shared<Vec<S>>,
    outliers: Outliers,
    classify: Shared<C>,
    /// The instance that is ready, and of which endpoint it is.
    ready: Option<(usize, S)>,
    /// Those that were asked and will wake whoever asked.
    waiting: Vec<(usize, S)>,
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
        Ok(Self {
            outliers: build(Outliers::of(services.len())).build()?,
            services: Shared::new(services),
            classify: Shared::new(HttpClassify::new()),
            ready: None,
            waiting: Vec::new(),
            mode: PhantomData,
        })
    }
}

impl<S, C, M> EndpointSet<S, C, M> {
    /// Judges by this how calls end.
    pub fn classify<D>(self, classify: D) -> EndpointSet<S, D, M> {
        self.judged_by(Shared::new(classify))
    }

    /// Keeps the type of the body. Calls are then judged by their heads.
    pub fn keep_body(self) -> EndpointSet<S, C, Keep> {
        let classify = self.classify.clone();
        self.judged_by(classify)
    }

    /// For any request, and any response.
    pub fn as_error(self) -> EndpointSet<S, C, AsError> {
        let classify = self.classify.clone();
        self.judged_by(classify)
    }

    /// Who is left out.
    pub fn outliers(&self) -> &Outliers {
        &self.outliers
    }

    fn judged_by<D, N>(self, classify: Shared<D>) -> EndpointSet<S, D, N> {
        let Self { services, outliers, ready, waiting, .. } = self;
        EndpointSet { services, outliers, classify, ready, waiting, mode: PhantomData }
    }
}

impl<S: Clone, C, M> EndpointSet<S, C, M> {
    /// Asks those that are not ready yet, and then whose turn it is.
    fn choose<Req>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(usize, S), S::Error>>
    where
        S: Service<Req>,
    {
        let mut asked = std::mem::take(&mut self.waiting);
        // Who was left out since is not waited for any more.
        asked.retain(|(at, _)| !self.outliers.is_left_out(*at));
        let known: Vec<usize> = asked.iter().map(|(at, _)| *at).collect();
        let in_turn = self.outliers.in_turn().filter(|at| !known.contains(at));
        let others = in_turn.map(|at| (at, self.services[at].clone()));
        let mut failure = None;
        for (at, mut service) in asked.into_iter().chain(others) {
            match service.poll_ready(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok((at, service))),
                Poll::Pending => self.waiting.push((at, service)),
                Poll::Ready(Err(error)) => {
                    self.outliers.enter(at).settle(Outcome::Failure);
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if self.waiting.is_empty() => return Poll::Ready(Err(error)),
            // All were left out or taken in while we looked: look again.
            None if self.waiting.is_empty() => cx.waker().wake_by_ref(),
            _ => {}
        }
        Poll::Pending
    }
}

impl<Req, S, C, M> Service<Req> for EndpointSet<S, C, M>
where
    S: Service<Req> + Clone,
    M: JudgedAnswer<Req, S::Response, S::Error, C, Seat>,
{
    type Response = M::Response;
    type Error = S::Error;
    type Future = EndpointFuture<Req, S::Future, C, M>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.ready.as_ref().is_some_and(|(at, _)| !self.outliers.is_left_out(*at)) {
            return Poll::Ready(Ok(()));
        }
        self.choose(cx).map_ok(|chosen| {
            self.waiting.clear();
            self.ready = Some(chosen);
        })
    }

    #[expect(
        clippy::expect_used,
        reason = "the contract of `Service`: the caller's bug, as in tower"
    )]
    fn call(&mut self, request: Req) -> Self::Future {
        let (at, mut service) = self.ready.take().expect("`poll_ready` was not called before");
        let seat = Some(self.outliers.enter(at));
        let future = service.call(request);
        EndpointFuture { future, seat, classify: self.classify.clone(), mode: PhantomData }
    }
}

pin_project! {
    /// Response future of [`EndpointSet`].
    #[must_use = "futures do nothing unless polled"]
    pub struct EndpointFuture<Req, F, C: 'static, M> {
        #[pin]
        future: F,
        seat: Option<Seat>,
        classify: Shared<C>,
        mode: PhantomData<fn(Req) -> M>,
    }
}

impl<Req, F, Res, Err, C, M> Future for EndpointFuture<Req, F, C, M>
where
    F: Future<Output = Result<Res, Err>>,
    M: JudgedAnswer<Req, Res, Err, C, Seat>,
{
    type Output = Result<M::Response, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        M::judged(this.classify, this.seat, this.future.poll(cx))
    }
}

impl<Req, F, C, M> fmt::Debug for EndpointFuture<Req, F, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointFuture").field("seat", &self.seat).finish_non_exhaustive()
    }
}

impl<S, C, M> Clone for EndpointSet<S, C, M> {
    /// A clone has nothing ready.
    fn clone(&self) -> Self {
        Self {
            services: self.services.clone(),
            outliers: self.outliers.clone(),
            classify: self.classify.clone(),
            ready: None,
            waiting: Vec::new(),
            mode: PhantomData,
        }
    }
}

impl<S, C, M> fmt::Debug for EndpointSet<S, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointSet").field("outliers", &self.outliers).finish_non_exhaustive()
    }
}
