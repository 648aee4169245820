use std::fmt;
use std::marker::PhantomData;

use buttress_core::outcome::{AsError, HttpClassify};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_layer::Layer;

use crate::{Breaker, CircuitBreaker, NoTimer};

/// Puts a circuit breaker before a service. Made by a [`CircuitBreakerBuilder`](crate::CircuitBreakerBuilder).
///
/// Clones of a layer, and all services that it makes, have one breaker together.
///
/// For HTTP a refusal is a response, and the body becomes a [`Reply`](buttress_core::Reply). For any other service
/// there is [`as_error`](Self::as_error):
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Trip};
/// use buttress_core::outcome::{Outcome, classify_fn};
/// use buttress_core::{Code, Problem};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = CircuitBreaker::after(5)
///     .classify(classify_fn(|result: Result<&usize, &Problem>| match result {
///         Ok(_) => Outcome::Success,
///         Err(_) => Outcome::Failure,
///     }))
///     .build()?
///     .as_error();
/// let length = layer.layer(service_fn(|word: &'static str| async move { Ok::<_, Problem>(word.len()) }));
///
/// assert_eq!(length.clone().oneshot("buttress").await?, 8);
/// layer.breaker().trip(Trip::switch());
/// assert_eq!(length.oneshot("buttress").await.unwrap_err().code(), Code::CIRCUIT_OPEN);
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing until it is put around a service"]
pub struct CircuitBreakerLayer<C: 'static = HttpClassify, M = Rewrap, T = NoTimer> {
    breaker: Breaker,
    classify: Shared<C>,
    timer: T,
    mode: PhantomData<fn() -> M>,
}

impl<C, T> CircuitBreakerLayer<C, Rewrap, T> {
    pub(crate) fn new(breaker: Breaker, classify: C, timer: T) -> Self {
        Self { breaker, classify: Shared::new(classify), timer, mode: PhantomData }
    }
}

impl<C, M, T> CircuitBreakerLayer<C, M, T> {
    /// The breaker: to see it, to force it, to ask for its health.
    pub const fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Keeps the type of the body, which has to be one that can be made from bytes. Calls are then judged by their
    /// heads: a body that breaks off and a status of gRPC that comes behind one are not seen.
    pub fn keep_body(self) -> CircuitBreakerLayer<C, Keep, T> {
        self.answering()
    }

    /// For any request: a refusal is an error that is made of the problem.
    pub fn as_error(self) -> CircuitBreakerLayer<C, AsError, T> {
        self.answering()
    }

    /// Keeps the breaker and what its services share as long as the program runs, so that no reference to it is
    /// counted: for a client that is made once. See [`Shared::leak`].
    pub fn leak(self) -> Self {
        Self { breaker: self.breaker.leak(), classify: self.classify.leak(), ..self }
    }

    fn answering<N>(self) -> CircuitBreakerLayer<C, N, T> {
        let Self { breaker, classify, timer, .. } = self;
        CircuitBreakerLayer { breaker, classify, timer, mode: PhantomData }
    }
}

impl<S, C, M, T: Clone> Layer<S> for CircuitBreakerLayer<C, M, T> {
    type Service = CircuitBreaker<S, C, M, T>;

    fn layer(&self, inner: S) -> Self::Service {
        let (breaker, classify) = (self.breaker.clone(), self.classify.clone());
        CircuitBreaker::new(inner, breaker, classify, self.timer.clone())
    }
}

impl<C, M, T: Clone> Clone for CircuitBreakerLayer<C, M, T> {
    fn clone(&self) -> Self {
        Self {
            breaker: self.breaker.clone(),
            classify: self.classify.clone(),
            timer: self.timer.clone(),
            mode: PhantomData,
        }
    }
}

impl<C, M, T> fmt::Debug for CircuitBreakerLayer<C, M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
