//! The script of promises that every layer is put through.
//!
//! [`Contract`] wraps a strict [`Mock`] in the layer, once for each [`Promise`], plays the promise's
//! script, and says what it saw if the promise does not hold. The bounds of [`Contract::check`] are a
//! promise too: what they ask of layer, service, future and body is what servers ask.
//!
//! ```
//! use buttress_testkit::contract::Contract;
//! use http::{HeaderValue, Response};
//! use tower::util::MapResponseLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! fn greet<B>(mut response: Response<B>) -> Response<B> {
//!     response.headers_mut().insert("x-greeting", HeaderValue::from_static("Hello"));
//!     response
//! }
//! Contract::new(|| MapResponseLayer::new(greet)).check().await;
//! # }
//! ```
//!
//! A layer that breaks a promise is told which one, and what was seen:
//!
//! ```
//! # use buttress_testkit::contract::{Contract, Promise};
//! # use http::Response;
//! # use tower::util::MapResponseLayer;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use http_body_util::Full;
//! use bytes::Bytes;
//!
//! fn silence<B>(response: Response<B>) -> Response<Full<Bytes>> {
//!     response.map(|_| Full::default())
//! }
//! let broken = Contract::new(|| MapResponseLayer::new(silence)).broken().await;
//!
//! assert_eq!(broken.len(), 1);
//! assert_eq!(broken[0].promise(), Promise::ResponseBody);
//! assert_eq!(
//!     broken[0].to_string(),
//!     "the contract is broken: response bodies pass untouched: \
//!      the size hint is exactly 0, not 6"
//! );
//! # }
//! ```
//!
//! [`Mock`]: crate::mock::Mock

/// Leaves the promise with what was seen, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return Err(format!($($seen)+));
        }
    };
}

mod bodies;
mod calls;
mod panics;
mod promise;
mod readiness;
mod rig;

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::Frames;
use crate::mock::{self, Mock};

pub use self::promise::{Broken, Promise};

use self::rig::Rig;

/// The service that the contract puts under a layer.
pub type Inner<InB = Frames> = Mock<InB, Frames>;

/// A layer under examination. See the [module](self) for an example.
///
/// `InB` is the request body that the layer hands on: [`Frames`], unless the layer wraps it.
#[must_use = "nothing is checked until `check` is called"]
pub struct Contract<F, InB = Frames> {
    layer: F,
    terms: Terms,
    inner_body: PhantomData<fn() -> InB>,
}

/// What the layer says of itself.
#[derive(Clone)]
pub(crate) struct Terms {
    request: Arc<dyn Fn() -> Request<()>>,
    refused: Option<Arc<dyn Fn() -> Request<()>>>,
    exceptions: Vec<Promise>,
    catches_panics: bool,
    concurrency: usize,
}

impl<F> Contract<F> {
    /// Examines the layers that `layer` makes: a fresh one for each promise.
    pub fn new(layer: F) -> Self {
        let terms = Terms {
            request: Arc::new(|| Request::new(())),
            refused: None,
            exceptions: Vec::new(),
            catches_panics: false,
            concurrency: 16,
        };
        Self { layer, terms, inner_body: PhantomData }
    }
}

impl<F, InB> Contract<F, InB> {
    /// Says that the layer hands on request bodies of another type.
    pub fn inner_body<Other>(self) -> Contract<F, Other> {
        Contract { layer: self.layer, terms: self.terms, inner_body: PhantomData }
    }

    /// Sends requests that look like this, because the layer would refuse a bare one.
    pub fn request(mut self, request: impl Fn() -> Request<()> + 'static) -> Self {
        self.terms.request = Arc::new(request);
        self
    }

    /// Says that the layer refuses requests that look like this, and has [`Promise::Refusals`] examined.
    pub fn refuses(mut self, request: impl Fn() -> Request<()> + 'static) -> Self {
        self.terms.refused = Some(Arc::new(request));
        self
    }

    /// Leaves a promise out that the layer does not make, by its nature and by its documentation.
    pub fn except(mut self, promise: Promise) -> Self {
        self.terms.exceptions.push(promise);
        self
    }

    /// Says that panics become responses. Otherwise they must propagate.
    pub fn catches_panics(mut self) -> Self {
        self.terms.catches_panics = true;
        self
    }

    /// Sends this many requests at once, instead of 16, because the layer would not let them all in.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.terms.concurrency = requests;
        self
    }
}

impl<F, L, InB> Contract<F, InB>
where
    F: Fn() -> L,
    L: Layer<Inner<InB>, Service: Subject> + Clone + Send + Sync + 'static,
    InB: Readable,
{
    /// Puts the layer through every promise.
    ///
    /// It wants a tokio runtime with time. A paused clock makes it impatient at no cost.
    ///
    /// # Panics
    ///
    /// Panics if a promise is broken, and names each one that is.
    pub async fn check(&self) {
        let broken = self.broken().await;
        let broken: Vec<_> = broken.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    /// The promises that do not hold.
    pub async fn broken(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        for promise in Promise::ALL {
            if self.terms.exceptions.contains(&promise) {
                continue;
            }
            if let Err(seen) = self.examine(promise).await {
                broken.push(Broken { promise, seen });
            }
        }
        broken
    }

    /// Plays one script; a breach that the layer hid from it counts too.
    async fn examine(&self, promise: Promise) -> Result<(), String> {
        let (service, inner) = mock::service_of();
        let service = (self.layer)().layer(service);
        let rig = Rig { service, inner: inner.clone(), terms: self.terms.clone() };
        panics::caught(promise.play(rig)).await.unwrap_or_else(Err)?;
        let breaches = inner.counts().breaches;
        ensure!(breaches == 0, "an instance that was not ready was called, {breaches} times");
        Ok(())
    }
}

impl<F, InB> fmt::Debug for Contract<F, InB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").finish_non_exhaustive()
    }
}

/// A service that servers can run, around [`Inner`]. Implemented for all there are.
pub trait Subject:
    Service<
        Request<Frames>,
        Response = Response<<Self as Subject>::Body>,
        Error: Into<Box<dyn Error + Send + Sync>>,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
    /// The body that it answers with.
    type Body: Readable;
}

impl<S, B> Subject for S
where
    S: Service<Request<Frames>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send + 'static,
    B: Readable,
{
    type Body = B;
}

/// A body that servers can send. Implemented for all there are.
pub trait Readable:
    Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static
{
}

impl<B> Readable for B
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
}
