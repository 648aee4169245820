use std::fmt;

use buttress_core::stage::{Keep, Rewrap, Stage, StageLayer};
use tower_layer::Layer;

use super::parts::Stages;
use super::{InboundBuilder, InboundService};

/// The inbound wall: one layer, in the right order.
///
/// ```text
/// network ──▶ panics ▸ context ▸ your own stages ──▶ handler
/// ```
///
/// | part | why it stands there |
/// |---|---|
/// | panics | outermost, around the handler and what stands inside; what is answered leaves through the context |
/// | context | before all that refuses, so that every refusal has an id, a format and a trace |
/// | your own stages | inside, where they find the context |
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
pub struct Inbound<T: 'static = (), M = Rewrap> {
    pub(super) stages: StageLayer<Stages<T>, M>,
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
        Self { stages: Stages::<()>::default().layer().catch_panics() }
    }
}

impl<T: Stage> Inbound<T> {
    /// Keeps the type of the body, for a body that can be made from bytes, as axum's can: it spares axum
    /// a box for each response.
    #[must_use]
    pub fn keep_body(self) -> Inbound<T, Keep> {
        Inbound { stages: self.stages.keep_body() }
    }
}

impl<T, M> Inbound<T, M> {
    /// Keeps the wall for as long as the program runs, and spares every request the counting of
    /// references: where several threads serve, it is what they would wait for each other at.
    ///
    /// For a wall that is built once, as in `main`; one that is built again and again would fill the memory.
    /// See [`StageLayer::leak`].
    #[must_use]
    pub fn leak(self) -> Self {
        Self { stages: self.stages.leak() }
    }
}

impl<S, T: Stage, M> Layer<S> for Inbound<T, M> {
    type Service = InboundService<S, T, M>;

    fn layer(&self, inner: S) -> Self::Service {
        InboundService { staged: self.stages.layer(inner) }
    }
}

impl<T, M> Clone for Inbound<T, M> {
    fn clone(&self) -> Self {
        Self { stages: self.stages.clone() }
    }
}

impl<T, M> fmt::Debug for Inbound<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").finish_non_exhaustive()
    }
}
