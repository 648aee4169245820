use std::future::Future;
use std::task::{Context, Poll};

use tower_service::Service;

/// The service that a closure is called by: so that what is done for services is done for any async call.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Work;

impl<F, Fut, R, E> Service<F> for Work
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<R, E>>,
{
    type Response = R;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, work: F) -> Fut {
        work()
    }
}
