use std::fmt;
use std::marker::PhantomData;

use buttress_core::outcome::{AsError, HttpClassify};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use tower_layer::Layer;

use super::whose::{ByExtension, ByRequest};
use super::{Door, Guard};
use crate::Priority;

/// Puts a [`Guard`] before a service. The [module](super) has an example.
///
/// Clones, and all services made by them, have one guard together.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct DoorLayer<G, C: 'static = HttpClassify, M = Rewrap, P: 'static = ByExtension> {
    guard: G,
    rules: Shared<Rules<C, P>>,
    mode: PhantomData<fn() -> M>,
}

/// What does not change while requests come.
pub(super) struct Rules<C: 'static, P> {
    pub(super) classify: Shared<C>,
    pub(super) whose: P,
}

impl<G: Guard> DoorLayer<G> {
    /// For HTTP: answers are judged by [`HttpClassify`], a refusal is a response.
    pub fn new(guard: G) -> Self {
        Self::with(guard, Shared::new(HttpClassify::new()), ByExtension)
    }
}

impl<G: Guard, C, M, P> DoorLayer<G, C, M, P> {
    fn with(guard: G, classify: Shared<C>, whose: P) -> Self {
        Self { guard, rules: Shared::new(Rules { classify, whose }), mode: PhantomData }
    }
}

impl<G: Guard, C, M, P: Clone> DoorLayer<G, C, M, P> {
    /// Judges by this how calls end.
    pub fn classify<D>(self, classify: D) -> DoorLayer<G, D, M, P> {
        DoorLayer::with(self.guard, Shared::new(classify), self.rules.whose.clone())
    }
}

impl<G: Guard, C, M, P> DoorLayer<G, C, M, P> {
    /// Asks this closure how much a request matters, instead of looking into its extensions.
    ///
    /// ```
    /// use buttress_overload::Priority;
    /// use buttress_overload::adaptive::{Adaptive, Gradient};
    /// use buttress_overload::door::DoorLayer;
    ///
    /// let limit = Adaptive::by(Gradient::new()).build()?;
    /// let layer = DoorLayer::new(limit.clone()).priority_by(|request: &http::Request<()>| {
    ///     if request.uri().path() == "/checkout" { Priority::Critical } else { Priority::Low }
    /// });
    /// assert_eq!(layer.guard().limit(), 20);
    /// # Ok::<_, buttress_core::BuildError>(())
    /// ```
    pub fn priority_by<Req, F>(self, ask: F) -> DoorLayer<G, C, M, ByRequest<Req, F>>
    where
        F: Fn(&Req) -> Priority + Send + Sync + 'static,
    {
        DoorLayer::with(self.guard, self.rules.classify.clone(), ByRequest::new(ask))
    }

    /// All requests matter as much as that.
    pub fn priority(self, priority: Priority) -> DoorLayer<G, C, M, Priority> {
        DoorLayer::with(self.guard, self.rules.classify.clone(), priority)
    }

    /// Keeps the type of the body, which has to be one that can be made from bytes. Calls are then judged by their
    /// heads, and what was given for a call is given back with the head.
    pub fn keep_body(self) -> DoorLayer<G, C, Keep, P> {
        DoorLayer { guard: self.guard, rules: self.rules, mode: PhantomData }
    }

    /// For any request: a refusal is an error that is made of the problem, and all matter alike unless
    /// [`priority_by`](Self::priority_by) says otherwise afterwards.
    pub fn as_error(self) -> DoorLayer<G, C, AsError, Priority> {
        DoorLayer::with(self.guard, self.rules.classify.clone(), Priority::default())
    }

    /// Keeps what the services share as long as the program runs, so that no reference to it is counted: see
    /// [`Shared::leak`]. The guard has a `leak` of its own.
    pub fn leak(self) -> Self {
        Self { rules: self.rules.leak(), ..self }
    }

    /// Who stands at the door.
    pub fn guard(&self) -> &G {
        &self.guard
    }
}

impl<S, G: Guard, C, M, P> Layer<S> for DoorLayer<G, C, M, P> {
    type Service = Door<S, G, C, M, P>;

    fn layer(&self, inner: S) -> Self::Service {
        Door { inner, guard: self.guard.clone(), rules: self.rules.clone(), mode: PhantomData }
    }
}

impl<G: Clone, C, M, P> Clone for DoorLayer<G, C, M, P> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone(), rules: self.rules.clone(), mode: PhantomData }
    }
}

impl<G: fmt::Debug, C, M, P> fmt::Debug for DoorLayer<G, C, M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoorLayer").field("guard", &self.guard).finish_non_exhaustive()
    }
}
