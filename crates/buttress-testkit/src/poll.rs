//! Futures by hand, one poll at a time.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls once, with a waker that nobody hears.
///
/// ```
/// use std::future::ready;
/// use std::task::Poll;
///
/// assert_eq!(buttress_testkit::poll::poll_once(ready(7)), Poll::Ready(7));
/// ```
pub fn poll_once<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
    Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls once and expects nothing yet.
///
/// ```should_panic
/// buttress_testkit::poll::assert_pending(std::future::ready(7)); // it is ready
/// ```
#[track_caller]
pub fn assert_pending<F>(future: F)
where
    F: Future<Output: Debug> + Unpin,
{
    if let Poll::Ready(output) = poll_once(future) {
        panic!("expected a pending future, but it is ready: {output:?}");
    }
}

/// Polls once and expects the output.
///
/// ```
/// assert_eq!(buttress_testkit::poll::assert_ready(std::future::ready(7)), 7);
/// ```
#[track_caller]
pub fn assert_ready<F: Future + Unpin>(future: F) -> F::Output {
    match poll_once(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("expected a ready future, but it is pending"),
    }
}

/// A waker that counts.
///
/// ```
/// use buttress_testkit::poll::Wakes;
/// use tokio::sync::oneshot;
///
/// let (sender, mut receiver) = oneshot::channel();
/// let wakes = Wakes::new();
/// assert!(wakes.poll(&mut receiver).is_pending());
/// assert_eq!(wakes.count(), 0);
///
/// sender.send("news").unwrap();
/// assert_eq!(wakes.count(), 1);
/// assert!(wakes.poll(&mut receiver).is_ready());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Wakes(Arc<Counter>);

impl Wakes {
    /// Starts at none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the waker was woken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    /// A waker that is counted here.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Arc::clone(&self.0).into()
    }

    /// Polls `future` once with the waker.
    pub fn poll<F: Future + Unpin>(&self, mut future: F) -> Poll<F::Output> {
        self.enter(|cx| Pin::new(&mut future).poll(cx))
    }

    /// Runs whatever else wants a context, such as `poll_ready`, with the waker.
    pub fn enter<T>(&self, run: impl FnOnce(&mut Context<'_>) -> T) -> T {
        run(&mut Context::from_waker(&self.waker()))
    }
}

#[derive(Debug, Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
