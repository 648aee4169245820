use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Answered;

/// The wait for Redis: the future that a stage over an engine has as its `Wait`. Made by
/// [`Fallback::ask`](super::Fallback::ask).
///
/// Dropping it stops the waiting, and not the server.
///
/// # Cost
///
/// One allocation, beside a round trip.
#[must_use = "futures do nothing unless polled"]
pub struct Asking<T>(Pin<Box<dyn Future<Output = Answered<T>> + Send>>);

impl<T> Asking<T> {
    pub(super) fn new(asking: impl Future<Output = Answered<T>> + Send + 'static) -> Self {
        Self(Box::pin(asking))
    }
}

impl<T> Future for Asking<T> {
    type Output = Answered<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered<T>> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Asking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").finish_non_exhaustive()
    }
}
