use std::fmt;
use std::marker::PhantomData;

use http::Request;

use crate::Priority;

/// How a request says how much it matters: [`ByExtension`] or [`ByRequest`], or a [`Priority`] that all have.
pub trait PriorityFor<Req>: Send + Sync + 'static {
    /// How much it matters.
    fn priority(&self, request: &Req) -> Priority;
}

/// All matter alike.
impl<Req> PriorityFor<Req> for Priority {
    #[inline]
    fn priority(&self, _: &Req) -> Priority {
        *self
    }
}

/// By the [`Priority`] in the extensions of a request; what has none is [`Normal`](Priority::Normal).
///
/// ```
/// use buttress_overload::Priority;
/// use buttress_overload::door::{ByExtension, PriorityFor};
///
/// let mut request = http::Request::new(());
/// assert_eq!(ByExtension.priority(&request), Priority::Normal);
/// request.extensions_mut().insert(Priority::Low);
/// assert_eq!(ByExtension.priority(&request), Priority::Low);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct ByExtension;

impl<B> PriorityFor<Request<B>> for ByExtension {
    #[inline]
    fn priority(&self, request: &Request<B>) -> Priority {
        Priority::of(request.extensions()).unwrap_or_default()
    }
}

/// By what a closure says of a request. See [`DoorLayer::priority_by`](super::DoorLayer::priority_by).
pub struct ByRequest<Req, F>(F, PhantomData<fn(&Req)>);

impl<Req, F> ByRequest<Req, F> {
    pub(super) const fn new(ask: F) -> Self {
        Self(ask, PhantomData)
    }
}

impl<Req, F> PriorityFor<Req> for ByRequest<Req, F>
where
    Req: 'static,
    F: Fn(&Req) -> Priority + Send + Sync + 'static,
{
    #[inline]
    fn priority(&self, request: &Req) -> Priority {
        (self.0)(request)
    }
}

impl<Req, F> fmt::Debug for ByRequest<Req, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByRequest").finish_non_exhaustive()
    }
}
