use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use buttress_core::Problem;
use buttress_core::clock::{Clock, Timer};
use buttress_core::deadline::Wire;
use buttress_core::metrics::Metrics;
use buttress_core::outcome::AsError;
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_layer::Layer;

use super::rules::{Rules, RulesClock};
use super::{DeadlineService, EXPIRED, ResponseFuture};
use crate::work::Work;

/// Gives calls a deadline. See the [module](super) for an example.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct DeadlineLayer<T, M = Rewrap> {
    pub(super) rules: Shared<Rules>,
    timer: T,
    mode: PhantomData<fn() -> M>,
}

/// The future of [`DeadlineLayer::run`].
pub type Run<F, T> = ResponseFuture<F, Work, T, AsError>;

impl<T: Timer + Clone> DeadlineLayer<T> {
    /// A call may take so long in all, and less if its request or the scope around has less.
    pub fn after(time: Duration, timer: T) -> Self {
        Self::new(Some(time), timer)
    }

    /// Has no time of its own: holds to what requests bring along, and to the scope around.
    ///
    /// ```
    /// use buttress_core::clock::{Clock, SystemClock, TokioTimer, secs};
    /// use buttress_core::{Deadline, Problem};
    /// use buttress_overload::deadline::DeadlineLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let deadline = DeadlineLayer::of_requests(TokioTimer);
    /// assert_eq!(deadline.run(|| async { Ok::<_, Problem>(7) }).await.unwrap(), 7);
    ///
    /// let over = Deadline::at(SystemClock.now());
    /// let late = over.scope(async { deadline.run(|| async { Ok::<_, Problem>(7) }).await });
    /// assert_eq!(late.await.unwrap_err().status(), 504);
    /// # }
    /// ```
    pub fn of_requests(timer: T) -> Self {
        Self::new(None, timer)
    }

    fn new(time: Option<Duration>, timer: T) -> Self {
        Self { rules: Shared::new(Rules::new(time)), timer, mode: PhantomData }
    }
}

impl<T: Timer + Clone, M> DeadlineLayer<T, M> {
    /// Tells the next hop how much is left, in this header. A deadline that stands there already counts, too.
    pub fn tells(self, wire: Wire) -> Self {
        self.change(|rules| {
            rules.told.read = wire.clone();
            rules.told.wire = Some(wire);
        })
    }

    /// Reads a deadline that stands in this header already, and writes none. The default is `x-request-timeout-ms`, and
    /// for gRPC `grpc-timeout`.
    pub fn reads(self, wire: Wire) -> Self {
        self.change(|rules| rules.told.read = wire)
    }

    /// Puts the deadline into the extensions of requests: for services inside that hand them to another task, where the
    /// [current](buttress_core::Deadline::current) one is not known.
    pub fn in_extensions(self) -> Self {
        self.change(|rules| rules.told.in_extensions = true)
    }

    /// Tells time by this clock. The default is the system's. All parts of a wall have to have one.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.change(|rules| rules.clock = RulesClock::own(clock))
    }

    /// Counts what is over, under this name. The default is not to.
    pub fn metrics(self, metrics: &Metrics, name: &str) -> Self {
        self.change(|rules| {
            rules.before = metrics.bind(&EXPIRED, [name, "before"]);
            rules.meanwhile = metrics.bind(&EXPIRED, [name, "meanwhile"]);
        })
    }

    /// Keeps it for as long as the program runs, and spares every call the counting of references. It comes last: what
    /// is changed afterwards is counted again.
    pub fn leak(self) -> Self {
        Self { rules: self.rules.leak(), ..self }
    }

    /// Keeps the type of the body, for a body that can be made from bytes. Without it the body becomes a
    /// [`Reply`](buttress_core::Reply), which works for any.
    pub fn keep_body(self) -> DeadlineLayer<T, Keep> {
        DeadlineLayer { rules: self.rules, timer: self.timer, mode: PhantomData }
    }

    /// Works for any requests and responses, which have the deadline of the scope around, if there is one: what is over
    /// is an error, of a type that a [`Problem`] can become.
    pub fn as_error(self) -> DeadlineLayer<T, AsError> {
        DeadlineLayer { rules: self.rules, timer: self.timer, mode: PhantomData }
    }

    /// Calls `work`, in the scope of the deadline, and waits for it no longer than that.
    pub fn run<F, Fut, R, E>(&self, work: F) -> Run<F, T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Problem>,
    {
        ResponseFuture::begin(&self.rules, &self.timer, &mut Work::default(), work)
    }

    fn change(self, change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = (*self.rules).clone();
        change(&mut rules);
        Self { rules: Shared::new(rules), ..self }
    }
}

impl<S, T: Clone, M> Layer<S> for DeadlineLayer<T, M> {
    type Service = DeadlineService<S, T, M>;

    fn layer(&self, inner: S) -> Self::Service {
        DeadlineService::new(inner, self.rules.clone(), self.timer.clone())
    }
}

impl<T: Clone, M> Clone for DeadlineLayer<T, M> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), timer: self.timer.clone(), mode: PhantomData }
    }
}

impl<T, M> fmt::Debug for DeadlineLayer<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineLayer").field("rules", &self.rules).finish_non_exhaustive()
    }
}
