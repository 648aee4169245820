//! One decision on the way in, one touch on the way out.
//!
//! Most layers between the network and a handler look at the head of a request, decide, and touch the head of the
//! response. That is a [`Stage`]. The tower shell around stages is written once, here: readiness, waiting,
//! cancellation, panics, and how a refusal goes back through the stages outside of it. To write a stage is to write no
//! future and no body.
//!
//! ```
//! use buttress_core::stage::{RequestHead, Stage, gate_fn};
//! use buttress_core::{Code, Context, Problem};
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use std::convert::Infallible;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let closed = gate_fn(|request: &mut dyn RequestHead| match request.uri().path() {
//!     "/admin" => Err(Problem::new(Code::FORBIDDEN)),
//!     _ => Ok(()),
//! });
//! // Two stages, one layer.
//! let wall = Context::default().then(closed).layer();
//!
//! # let app = service_fn(|_: Request<()>| async {
//! #     Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
//! # });
//! let request = Request::get("/admin").body(()).unwrap();
//! let response = wall.layer(app).oneshot(request).await.unwrap();
//! assert_eq!(response.status(), 403);
//! assert!(response.headers().contains_key("x-request-id"), "it left through the context");
//! # }
//! ```
//!
//! Most stages decide at once: write a [`Gate`], or a closure with [`gate_fn`]. One that must ask a store
//! implements [`Stage`] itself.
//!
//! # Put stages together, then make a layer
//!
//! `a.then(b).then(c).layer()` is one service and one future. Three calls of `.layer()` in a row are three, and in axum
//! each is boxed: these boxes cost several times what the stages do.
//!
//! # Guarantees
//!
//! - The instance of the service that was polled ready is the one that is called, also after a wait.
//! - A refusal or an answer leaves through every stage outside of the one that gave it, and through that
//!   one itself if it handed out a memo.
//! - A refusal reads nothing of the request's body.
//! - The error type, the frames of the body, trailers and upgrades of the inner service are untouched.
//! - With [`catch_panics`](StageLayer::catch_panics), a panic becomes a refusal; one of a [`Guarded`] stage
//!   leaves through the stages outside like any other.
//!
//! # Cancellation
//!
//! Dropping the future at any point drops the memos of all stages entered, whose `Drop` gives back what
//! was taken, and the waiting instance of the service.
//!
//! # Cost
//!
//! No allocation, unless a stage waits: then one, for the request and the service that wait with it. So a
//! stage that never waits has no room for them in its future. A [`BoxStage`] and a [`StageList`] say what
//! they cost.
//!
//! # Errors
//!
//! The shell has none of its own: a refusal is a response, rendered as in [`render`](crate::render). When
//! the inner service fails, every stage entered hears of it in [`failed`](Stage::failed).

mod boxed;
mod decision;
mod future;
mod gate;
mod guarded;
mod head;
mod hot;
mod layer;
mod list;
mod never;
mod option;
mod panic;
mod service;
mod state;
mod then;

pub use self::boxed::{BoxMemo, BoxStage, BoxWait, BoxWaited};
pub use self::decision::{Answer, Decision};
pub use self::future::ResponseFuture;
pub use self::gate::{Gate, GateFn, gate_fn};
pub use self::guarded::{CaughtPanic, Guarded, GuardedWait};
pub use self::head::{RequestHead, ResponseHead};
pub use self::hot::{Hot, HotWait};
pub use self::layer::{BodyMode, Keep, Rewrap, StageLayer};
pub use self::list::{ListMemo, ListWait, StageList};
pub use self::never::Never;
pub use self::service::Staged;
pub use self::then::{Then, ThenWait, ThenWaited};

/// The decision of a stage.
pub type DecisionOf<T> = Decision<<T as Stage>::Memo, <T as Stage>::Wait>;

/// What the wait of a stage brings.
pub type Waited<T> = <<T as Stage>::Wait as Future>::Output;

/// One decision on the way in, one touch on the way out. See the [module](self) for the whole picture.
///
/// This is the long form, for a stage that may have to wait. Its `Wait` is any future; here one without
/// a name, in a box:
///
/// ```
/// use std::pin::Pin;
/// use buttress_core::stage::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};
/// use buttress_core::{Code, Problem};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// struct Sessions;
///
/// async fn look_up(cookie: String) -> Option<&'static str> {
///     tokio::task::yield_now().await;
///     (cookie == "sid=7").then_some("Ada")
/// }
///
/// impl Stage for Sessions {
///     type Memo = ();
///     type Wait = Pin<Box<dyn Future<Output = Option<&'static str>> + Send>>;
///
///     fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
///         match request.headers().get("cookie").and_then(|cookie| cookie.to_str().ok()) {
///             Some(cookie) => Decision::Wait(Box::pin(look_up(cookie.to_owned()))),
///             None => Decision::Refuse(Problem::new(Code::FORBIDDEN), None),
///         }
///     }
///
///     fn resume(&self, name: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
///         let Some(name) = name else {
///             return Decision::Refuse(Problem::new(Code::FORBIDDEN), None);
///         };
///         request.extensions_mut().insert(name);
///         Decision::Pass(())
///     }
///
///     fn leave(&self, _: (), _: &mut dyn ResponseHead) {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let app = service_fn(|request: Request<()>| async move {
/// #     let name = request.extensions().get::<&str>().unwrap().as_bytes();
/// #     Ok::<_, Infallible>(Response::new(Full::new(Bytes::copy_from_slice(name))))
/// # });
/// let service = Sessions.layer().layer(app);
///
/// let known = Request::get("/").header("cookie", "sid=7").body(()).unwrap();
/// assert_eq!(service.clone().oneshot(known).await.unwrap().status(), 200);
///
/// let unknown = Request::get("/").header("cookie", "sid=8").body(()).unwrap();
/// assert_eq!(service.oneshot(unknown).await.unwrap().status(), 403);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage",
    label = "this is no stage",
    note = "implement `Gate` for it if it decides at once, `Stage` if it may have to wait",
    note = "a closure becomes one with `gate_fn`, a builder with `.build()?`; `.layer()` comes last"
)]
pub trait Stage: Send + Sync + 'static {
    /// Kept from the request to its response. Dropping it gives back what was taken.
    type Memo: Send + 'static;

    /// What a decision may wait for; [`Never`] for a stage that decides at once.
    type Wait: Future<Output: Send> + Send + 'static;

    /// Decides, or says what it has to wait for.
    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self>;

    /// Decides, now that it has what it waited for. It may wait again.
    fn resume(&self, waited: Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self>;

    /// Touches the response.
    fn leave(&self, memo: Self::Memo, response: &mut dyn ResponseHead);

    /// Hears that the inner service gave an error instead of a response. Drops the memo unless you say
    /// what else.
    fn failed(&self, memo: Self::Memo) {
        drop(memo);
    }

    /// This stage around `next`: a request enters this one first, its response leaves this one last.
    fn then<N: Stage>(self, next: N) -> Then<Self, N>
    where
        Self: Sized,
    {
        Then::new(self, next)
    }

    /// A tower layer: one service and one future for all stages composed.
    fn layer(self) -> StageLayer<Self>
    where
        Self: Sized,
    {
        StageLayer::new(self)
    }

    /// Forgets the type of this stage, for a [`StageList`].
    fn boxed(self) -> BoxStage
    where
        Self: Sized,
    {
        BoxStage::new(self)
    }
}
