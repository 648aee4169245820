use std::borrow::Cow;

use buttress_circuit_breaker::Breaker;
use buttress_core::clock::TokioTimer;
use buttress_core::sync::Shared;
use buttress_overload::bulkhead::Bulkhead;
use buttress_retry::Budget;
use tower_layer::Layer;

use super::parts::Parts;
use super::{OutboundBuilder, OutboundService};

/// The outbound wall: everything between a handler and a dependency, as one layer, in the right order.
///
/// ```text
/// handler ──▶ deadline ▸ throttle ▸ adaptive limit ▸ shed ▸ retry and hedge ▸ circuit breaker ▸ bulkhead ▸ attempt timeout ──▶ dependency
/// ```
///
/// | part | why it stands there |
/// |---|---|
/// | deadline | outermost: it is the time of the call, with all its attempts and pauses; every part inside asks for it |
/// | throttle, adaptive limit, shed | before anything is done for a call that is not going to be made |
/// | retry and hedge | around the breaker, so that each attempt is judged, and an open breaker ends them |
/// | circuit breaker | around the bulkhead: what is down takes no permits |
/// | bulkhead | around the attempt alone: what waits for its next attempt holds none |
/// | attempt timeout | right at the dependency: that an attempt ran out of time is a failure, which breaker and retry see |
///
/// A call has 30 s by default, and deadlines of requests always hold. Of the rest, there is what was asked for: see
/// [`OutboundBuilder`].
///
/// ```
/// use buttress::prelude::*;
/// use http::{Request, Response};
/// # use bytes::Bytes;
/// # use http_body_util::{Empty, Full};
/// # use std::convert::Infallible;
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # use std::time::Duration;
/// # use tower::{ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # static ASKED: AtomicU32 = AtomicU32::new(0);
/// # let http_client = service_fn(|_: Request<buttress::retry::ReplayBody<Empty<Bytes>>>| async {
/// #     let is_first = ASKED.fetch_add(1, Ordering::Relaxed) == 0;
/// #     let status = if is_first { 503 } else { 200 };
/// #     Ok::<_, Infallible>(Response::builder().status(status).body(Full::new(Bytes::new())).unwrap())
/// # });
/// # let request = || Request::new(Empty::<Bytes>::new());
/// let client = Outbound::to("payments")                    // names metrics, health, events
///     .deadline(Duration::from_secs(30))
///     .retry(Retry::up_to(3).backoff(Backoff::exponential(ms(100)).max(secs(2)).jitter(Jitter::Full)).budget(Budget::percent(20)))
///     .circuit_breaker(CircuitBreaker::after(5).failures_in(secs(60)).open_for(secs(1)..=secs(32)))
///     .bulkhead(64)
///     .attempt_timeout(Duration::from_secs(5))
///     .build()?                                            // every wrong setting at once
///     .layer_on(http_client);                              // a hyper client; of reqwest, tonic and others, with an adapter
///
/// // A client that fails once: nobody notices.
/// assert_eq!(client.clone().oneshot(request()).await?.status(), 200);
/// assert_eq!(ASKED.load(Ordering::Relaxed), 2);
/// # Ok(())
/// # }
/// ```
///
/// A handler should make its calls in the [scope](crate::RequestContext::scope) of its request, after it has told the
/// call of [id, trace and deadline](crate::RequestContext::propagate): then repeats do not multiply from hop to hop,
/// because the one before hears that it was tried again already.
///
/// # Guarantees
///
/// - The instance that was polled ready is the one that is called, with each attempt, and after each wait.
/// - A body is sent again only if it is there as a whole; what is streamed is neither delayed nor copied. See
///   [`ReplayBody`](crate::retry::ReplayBody).
/// - Streaming answers, upgrades and trailers pass untouched. The breaker hears of the end of a body, and of the status
///   that gRPC puts there; all others judge by the head.
/// - An idle client holds nothing: permits and places are taken for a call, and not for being ready.
/// - Every call ends in time, which is with the head of its answer, and does not shorten the deadline of the request
///   that it is made for; unless that was [not wanted](OutboundBuilder::without_deadline). Its time begins when it is
///   made: a client that is not ready yet is waited for without a deadline, as there is no request (a client of hyper
///   or reqwest always is). Bodies are the caller's: they have a time if the client is in a
///   [`BodyTimeoutLayer`](crate::overload::timeout::BodyTimeoutLayer).
/// - What goes wrong because of the caller is not held against the dependency: while an attempt waits for the body of
///   its request, or after that broke off, no timeout, error or 408 counts, nor that it was given up.
/// - A wait for a permit is not held against the dependency, which was not asked.
///
/// # Cancellation
///
/// Dropping the future at any point drops all attempts that are under way, and gives back permits, places, the budget
/// of what was not sent, and what was kept of the body.
///
/// # Cost
///
/// A look at the clock for the deadline, a clone of the client and of the head where a call may be repeated, and one
/// allocation for a body that is not empty. A refusal as a response is up to five allocations; that of the breaker,
/// asked by itself, is none. The parts you ask for have their own costs; see the crates. In a program that builds its
/// wall once, [`leak`](Self::leak) spares the counting of references.
///
/// # Errors
///
/// A refusal is a response, with the status of its problem, `Retry-After` if it is known, the
/// [`Problem`](crate::Problem) in its extensions, and no body: a program reads it. If that hands it on to a client of
/// its own, the [context](crate::Context) there gives it that client's format. Errors of the client pass as they are.
///
/// | code | status | said by |
/// |---|--:|---|
/// | `TIMED_OUT` | 504 | deadline, attempt timeout |
/// | `THROTTLED_LOCALLY` | 503 | throttle |
/// | `OVERLOADED` | 503 | adaptive limit, shed |
/// | `CIRCUIT_OPEN` | 503 | circuit breaker |
/// | `SATURATED` | 503 | bulkhead |
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct Outbound {
    pub(super) name: Cow<'static, str>,
    pub(super) parts: Shared<Parts>,
}

impl Outbound {
    /// A wall in front of the dependency with this name, which is that of its metrics, its health and its events.
    pub fn to(name: impl Into<Cow<'static, str>>) -> OutboundBuilder {
        OutboundBuilder::new(name.into())
    }
}

impl Outbound {
    /// Puts a client behind the wall: one of hyper-util, or any service of `Request<ReplayBody<B>>` with `B` the body
    /// of your requests, that answers with a `Response`, can be cloned, and fails with an [`Error`](std::error::Error).
    /// For one that wants another body there is [`layer_on_with`](Self::layer_on_with), and the
    /// [module](crate::outbound) says what there is for reqwest and tonic.
    pub fn layer_on<S>(&self, client: S) -> OutboundService<S> {
        OutboundService { way: Parts::around(&self.parts, client), parts: self.parts.clone() }
    }

    /// Keeps the wall for as long as the program runs, and spares every call the counting of references: where several
    /// threads call, it is what they would wait for each other at.
    ///
    /// For a wall that is built once, as in `main`; one that is built again and again would fill the memory.
    pub fn leak(self) -> Self {
        let parts = Shared::new((*self.parts).clone().leak()).leak();
        Self { parts, ..self }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its breaker: to see it, to force it, to join it to a fleet.
    ///
    /// Also where no [circuit breaker](OutboundBuilder::circuit_breaker) was asked for: then it opens only if somebody
    /// [forces](Breaker::force) it.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.parts.limits.breaker
    }

    /// What repeats and hedges are paid from.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        self.parts.retry.budget()
    }

    /// The bulkhead, if there is one: how many calls are under way, and the limit, which can be changed.
    #[must_use]
    pub fn bulkhead(&self) -> Option<&Bulkhead<TokioTimer>> {
        self.parts.limits.bulkhead.as_ref()
    }
}

impl<S> Layer<S> for Outbound {
    type Service = OutboundService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.layer_on(inner)
    }
}
