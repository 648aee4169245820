use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Context;

use tokio::sync::watch;

use super::parts::AtomicWaker;
use super::parts::atomic::Ordering::{AcqRel, Acquire, Release};
use super::parts::atomic::{AtomicU8, AtomicUsize};
use super::phase::Phase;

/// Begins a shutdown, and tells how far it has come. Clones speak of the same server. One that is dropped has ended,
/// whether it was served or not.
///
/// [`Server::handle`](super::Server::handle) gives one, and each request has one in its extensions, for
/// answers that would never end by themselves:
///
/// ```
/// use buttress::serve::{Phase, Shutdown};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// /// Server-sent events: one a second, until the server closes.
/// async fn events(shutdown: Shutdown) -> &'static str {
///     tokio::select! {
///         () = shutdown.closing() => "the stream ends here, and the client connects elsewhere",
///         () = std::future::pending() => "another event",
///     }
/// }
///
/// let server = buttress::serve::Server::builder().build().unwrap();
/// let shutdown = server.handle();
/// assert_eq!(shutdown.phase(), Phase::Serving);
/// # drop(tokio::spawn(events(shutdown)));
/// # }
/// ```
#[derive(Clone)]
pub struct Shutdown {
    state: Arc<State>,
}

struct State {
    /// How often somebody asked for the end.
    asked: AtomicUsize,
    /// The task that has to hear of it.
    server: AtomicWaker,
    phase: watch::Sender<Phase>,
    /// The same once more, for whoever looks at each request.
    number: AtomicU8,
}

impl Shutdown {
    pub(super) fn new() -> Self {
        let (asked, server) = (AtomicUsize::new(0), AtomicWaker::new());
        let (phase, number) = (watch::Sender::new(Phase::Serving), AtomicU8::new(0));
        Self { state: Arc::new(State { asked, server, phase, number }) }
    }

    /// Begins the shutdown, as `SIGTERM` does. Called again, it shortens it: first what is left of the lead
    /// time, then what is left of the grace period.
    pub fn begin(&self) {
        self.state.asked.fetch_add(1, AcqRel);
        self.state.server.wake();
    }

    /// How far the shutdown has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase::from_number(self.state.number.load(Acquire))
    }

    /// Waits until the server was told to stop. It goes on serving for the lead time.
    ///
    /// What should make clients look elsewhere belongs here, as readiness does. A stream should rather wait
    /// for [`closing`](Self::closing): a client that is sent away now may well come back to this server.
    pub async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until the server takes no more connections, but for those that wait for a place already. An answer that
    /// would never end by itself, as server-sent events or a WebSocket, should end now.
    pub async fn closing(&self) {
        self.reached(Phase::Closing).await;
    }

    async fn reached(&self, phase: Phase) {
        // The sender is held here, so waiting cannot fail.
        let _ = self.state.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// How often somebody asked; the task is woken when somebody does again.
    pub(super) fn asked(&self, cx: &Context<'_>) -> usize {
        self.state.server.register(cx.waker());
        self.state.asked.load(Acquire)
    }

    pub(super) fn enter(&self, phase: Phase) {
        let number = Phase::ALL.iter().position(|other| *other == phase).unwrap_or_default();
        self.state.number.store(u8::try_from(number).unwrap_or_default(), Release);
        self.state.phase.send_replace(phase);
    }
}

/// The server's own hold of its shutdown. Without it there is no server any more, whether it was served or not.
#[derive(Debug)]
pub(super) struct Hold(Shutdown);

impl Hold {
    pub(super) fn new() -> Self {
        Self(Shutdown::new())
    }
}

impl Deref for Hold {
    type Target = Shutdown;

    fn deref(&self) -> &Shutdown {
        &self.0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.phase() < Phase::Ended {
            self.enter(Phase::Ended);
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").field("phase", &self.phase()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::future::poll_fn;
    use std::task::Poll;

    use buttress_testkit::models::{block_on, explore, join, thread};

    use super::*;
    use crate::serve::news::News;

    /// Each asks once, and is heard once: the second shortens what the first began.
    #[test]
    fn everyone_who_asks_is_heard() {
        explore(|| {
            let shutdown = Shutdown::new();
            let mut news = News::new(shutdown.clone(), false);
            let asking = [(); 2].map(|()| {
                let shutdown = shutdown.clone();
                thread::spawn(move || shutdown.begin())
            });
            for _ in 0..2 {
                block_on(poll_fn(|cx| news.poll(cx)));
            }
            join(asking);
            assert!(block_on(poll_fn(|cx| Poll::Ready(news.poll(cx)))).is_pending());
        });
    }
}
