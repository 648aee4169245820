use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::RequestContext;

thread_local! {
    static CURRENT: RefCell<Option<RequestContext>> = const { RefCell::new(None) };
}

impl RequestContext {
    /// Makes this the [`current`](Self::current) context whenever `future` is polled.
    ///
    /// Opt-in, for code that cannot be handed the context: a log formatter, a client deep inside. It needs
    /// no runtime. A task that `future` spawns has a scope of its own or none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use buttress_core::{Context, RequestContext, stage::Stage};
    ///
    /// let mut request = http::Request::new(());
    /// let _memo = Context::default().enter(&mut request);
    /// let context = request.extensions().get::<RequestContext>().unwrap();
    ///
    /// let seen = context.scope(async { RequestContext::current() }).await;
    /// assert_eq!(seen.unwrap().id(), context.id());
    /// assert!(RequestContext::current().is_none());
    /// # }
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { context: self.clone(), future }
    }

    /// The context in whose [`scope`](Self::scope) this is running.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Whether the request is a [repeat](Self::is_repeat) in whose [`scope`](Self::scope) this is running: the same as
    /// to ask the [`current`](Self::current) one, and counts no reference to it.
    #[inline]
    #[must_use]
    pub fn is_repeat_around() -> bool {
        let is_repeat = |current: &RefCell<Option<Self>>| {
            current.borrow().as_ref().is_some_and(Self::is_repeat)
        };
        CURRENT.try_with(is_repeat).unwrap_or(false)
    }
}

pin_project! {
    /// A future in the scope of a request. Made by [`RequestContext::scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        context: RequestContext,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered(set(Some(this.context.clone())));
        this.future.poll(cx)
    }
}

/// Puts the context of before back, also when the future panics.
struct Entered(Option<RequestContext>);

impl Drop for Entered {
    fn drop(&mut self) {
        set(self.0.take());
    }
}

fn set(context: Option<RequestContext>) -> Option<RequestContext> {
    CURRENT.try_with(|current| current.replace(context)).ok().flatten()
}
