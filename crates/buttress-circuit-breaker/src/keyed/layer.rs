use std::fmt;
use std::marker::PhantomData;

use buttress_core::outcome::{AsError, HttpClassify};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_layer::Layer;

use super::{BreakerTable, KeyedBreaker};
use crate::NoTimer;

/// Puts a circuit breaker for each key before a service. Made by
/// [`CircuitBreakerBuilder::build_table`](crate::CircuitBreakerBuilder::build_table).
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Refusal};
/// use buttress_core::Problem;
/// use buttress_core::key::endpoint;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = CircuitBreaker::after(1).named("shards").build_table(endpoint(), 1_024)?;
/// # let client = service_fn(|request: Request<()>| async move {
/// #     let status = if request.uri().host() == Some("one") { 503 } else { 200 };
/// #     Ok::<_, Infallible>(Response::builder().status(status).body(Full::<Bytes>::default()).unwrap())
/// # });
/// // A client, of two shards of which the first is down.
/// let client = layer.layer(client);
/// let call = |uri: &str| client.clone().oneshot(Request::get(uri).body(()).unwrap());
///
/// assert_eq!(call("http://one/lamps").await?.status(), 503);
/// let refused = call("http://one/chairs").await?;
/// assert!(Refusal::of(refused.extensions().get::<Problem>().unwrap()).is_some());
/// assert_eq!(call("http://two/lamps").await?.status(), 200);
/// # Ok(())
/// # }
/// ```
///
/// A request that lacks a part of its key has the breaker of all that lack it.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct KeyedBreakerLayer<K, C: 'static = HttpClassify, M = Rewrap, T = NoTimer>
where
    K: 'static,
{
    table: BreakerTable,
    by: Shared<K>,
    classify: Shared<C>,
    timer: T,
    mode: PhantomData<fn() -> M>,
}

impl<K, C, T> KeyedBreakerLayer<K, C, Rewrap, T> {
    pub(crate) fn new(table: BreakerTable, by: K, classify: C, timer: T) -> Self {
        let (by, classify) = (Shared::new(by), Shared::new(classify));
        Self { table, by, classify, timer, mode: PhantomData }
    }
}

impl<K, C, M, T> KeyedBreakerLayer<K, C, M, T> {
    /// The breakers: to see them, to force them, to ask for their health.
    pub const fn table(&self) -> &BreakerTable {
        &self.table
    }

    /// As [`CircuitBreakerLayer::keep_body`](crate::CircuitBreakerLayer::keep_body).
    pub fn keep_body(self) -> KeyedBreakerLayer<K, C, Keep, T> {
        self.answering()
    }

    /// As [`CircuitBreakerLayer::as_error`](crate::CircuitBreakerLayer::as_error), for requests of HTTP, of which there
    /// are keys.
    pub fn as_error(self) -> KeyedBreakerLayer<K, C, AsError, T> {
        self.answering()
    }

    /// As [`CircuitBreakerLayer::leak`](crate::CircuitBreakerLayer::leak).
    pub fn leak(self) -> Self {
        let Self { table, by, classify, timer, mode } = self;
        Self { table: table.leak(), by: by.leak(), classify: classify.leak(), timer, mode }
    }

    fn answering<N>(self) -> KeyedBreakerLayer<K, C, N, T> {
        let Self { table, by, classify, timer, .. } = self;
        KeyedBreakerLayer { table, by, classify, timer, mode: PhantomData }
    }
}

impl<S, K, C, M, T: Clone> Layer<S> for KeyedBreakerLayer<K, C, M, T> {
    type Service = KeyedBreaker<S, K, C, M, T>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { table, by, classify, timer, .. } = self.clone();
        KeyedBreaker::new(inner, table, by, classify, timer)
    }
}

impl<K, C, M, T: Clone> Clone for KeyedBreakerLayer<K, C, M, T> {
    fn clone(&self) -> Self {
        Self {
            table: self.table.clone(),
            by: self.by.clone(),
            classify: self.classify.clone(),
            timer: self.timer.clone(),
            mode: PhantomData,
        }
    }
}

impl<K, C, M, T> fmt::Debug for KeyedBreakerLayer<K, C, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedBreakerLayer").field("table", &self.table).finish_non_exhaustive()
    }
}
