use buttress_core::stage::RequestHead;
use http::Request;

use crate::budget::Deposit;
use crate::inner::Inner;

/// As what a call was counted that has just begun.
pub(crate) struct Counted {
    pub(crate) is_inner: bool,
    pub(crate) deposit: Option<Deposit>,
}

impl Counted {
    /// Counts it.
    #[expect(clippy::inline_always, reason = "it takes less than a call")]
    #[inline(always)]
    pub(crate) fn begin<R, T>(request: &Request<R>, inner: &Inner<T>) -> Self {
        let is_inner = is_repeat(request, inner);
        Self { is_inner, deposit: inner.begin(is_inner) }
    }
}

/// Whether this is the repeat of an outer call.
#[inline]
fn is_repeat<B, T>(request: &Request<B>, inner: &Inner<T>) -> bool {
    let marked = !request.headers().is_empty()
        && inner.repeats.as_ref().is_some_and(|repeats| repeats.read(request) > 0);
    marked || Inner::<T>::is_inner(request.context())
}
