use std::fmt;

use buttress_core::Faults;
use buttress_core::stage::{Keep, Rewrap, Stage};
use tower_layer::Layer;

use super::wall::Layers;
use super::{InboundBuilder, InboundService, InboundSettings};

/// The inbound wall: one layer, in the right order.
///
/// ```text
/// network ──▶ panics ▸ context ▸ probes ▸ limits by address ▸ your own stages ▸ limits by principal ▸ envelope ──▶ handler
/// ```
///
/// | part | why it stands there |
/// |---|---|
/// | panics | outermost, around the handler and all inside; the answer to a panic leaves through the context |
/// | context | before all that refuses, so that every refusal has an id, a format and a trace |
/// | probes | before all that refuses: a limit must not take a service out of its load balancer |
/// | limits by address, and by whatever a request brings along | before your own stages: a flood does not reach authentication |
/// | your own stages | inside, where they find the context; authentication is one of them |
/// | limits by principal, tenant, session | after them, as only then it is known who is calling |
/// | envelope | around the handler alone: refusals of stages have their shape already, and on the way out they see what a failure was |
///
/// Probes, limits and envelope are there once you ask for them: see [`InboundBuilder`].
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use buttress::Inbound;
/// use http::Request;
/// # use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let wall = Inbound::builder().trusted_proxies(["10.0.0.0/8"]).build()?;
/// let app = Router::new().route("/", get(|| async { "hello" })).layer(wall);
///
/// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert!(response.headers().contains_key("x-request-id"));
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// Those of the [stage](crate::stage): streaming bodies, upgrades and trailers pass untouched, the error
/// type stays.
///
/// # Cancellation
///
/// Dropping the future at any point gives back what the stages had taken.
///
/// # Cost
///
/// One layer, whatever stands in it: two allocations a request for the context, none for the shell. In a
/// program that builds its wall once, [`leak`](Self::leak) makes it cheaper still.
///
/// # Errors
///
/// None of its own: a refusal is a response.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct Inbound<T: 'static = (), M = Rewrap> {
    pub(super) layers: Layers<T, M>,
}

impl Inbound {
    /// Starts from the defaults.
    pub fn builder() -> InboundBuilder {
        InboundBuilder::default()
    }
}

impl Default for Inbound {
    /// Trusts no proxy, answers panics, has no stages of yours.
    fn default() -> Self {
        InboundBuilder::from(InboundSettings::default()).built(&mut Faults::new())
    }
}

impl<T: Stage> Inbound<T> {
    /// Keeps the type of the body, for a body that can be made from bytes, as axum's can: it spares axum
    /// a box for each response.
    pub fn keep_body(self) -> Inbound<T, Keep> {
        Inbound { layers: self.layers.keep_body() }
    }
}

impl<T, M> Inbound<T, M> {
    /// Keeps the wall for as long as the program runs, and spares every request the counting of
    /// references: where several threads serve, it is what they would wait for each other at.
    ///
    /// For a wall that is built once, as in `main`; one that is built again and again would fill the memory.
    /// See [`StageLayer::leak`](crate::stage::StageLayer::leak).
    pub fn leak(self) -> Self {
        Self { layers: self.layers.leak() }
    }
}

impl<S, T: Stage, M> Layer<S> for Inbound<T, M> {
    type Service = InboundService<S, T, M>;

    fn layer(&self, inner: S) -> Self::Service {
        InboundService { wall: self.layers.around(inner) }
    }
}

impl<T, M> Clone for Inbound<T, M> {
    fn clone(&self) -> Self {
        Self { layers: self.layers.clone() }
    }
}

impl<T, M> fmt::Debug for Inbound<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").finish_non_exhaustive()
    }
}
