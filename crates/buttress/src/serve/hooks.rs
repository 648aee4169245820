use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use tokio::task::JoinSet;

use super::news::News;

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the application wants to be called for.
#[derive(Default)]
pub(super) struct Hooks {
    drain: Vec<Box<dyn FnOnce() + Send>>,
    last: Vec<(String, Box<dyn FnOnce() -> BoxFuture + Send>)>,
}

impl Hooks {
    pub(super) fn on_drain(&mut self, call: impl FnOnce() + Send + 'static) {
        self.drain.push(Box::new(call));
    }

    pub(super) fn at_the_end<F>(&mut self, name: String, run: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.last.push((name, Box::new(|| Box::pin(run()))));
    }

    /// Says to everybody that the server drains. A panic of one is logged, and the next is called.
    pub(super) fn draining(&mut self) {
        for call in self.drain.drain(..) {
            if catch_unwind(AssertUnwindSafe(call)).is_err() {
                tracing::error!(target: "buttress", "a callback of the drain panicked");
            }
        }
    }

    /// Runs the last hooks, one after the other, each for no longer than `limit`, and until somebody asks for the end
    /// once more. Says how many did not end well.
    pub(super) async fn run(self, limit: Duration, news: &mut News) -> u64 {
        // What was asked for by now has had its effect: no hook ran that it could mean.
        poll_fn(|cx| {
            while news.poll(cx).is_ready() {}
            Poll::Ready(())
        })
        .await;
        let mut broken = 0;
        for (name, hook) in self.last {
            tracing::debug!(target: "buttress", hook = name, "a hook runs");
            let Some(reason) = run(hook, limit, news).await else { continue };
            broken += 1;
            tracing::error!(target: "buttress", hook = name, reason, "a hook did not end well");
        }
        broken
    }
}

/// Why the hook did not end well, if it did not. In a task, so that a panic is its own.
async fn run(
    hook: Box<dyn FnOnce() -> BoxFuture + Send>,
    limit: Duration,
    news: &mut News,
) -> Option<&'static str> {
    let mut task = JoinSet::new();
    task.spawn(async move { hook().await });
    let over = pin!(TokioTimer.sleep(limit));
    tokio::select! {
        ended = task.join_next() => matches!(ended, Some(Err(_))).then_some("panicked"),
        () = over => Some("took too long"),
        _ = poll_fn(|cx| news.poll(cx)) => Some("was cut short"),
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.last.iter().map(|(name, _)| name).collect();
        f.debug_struct("Hooks").field("last", &names).finish_non_exhaustive()
    }
}
