use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_core::clock::{Clock, TokioClock};
use pin_project_lite::pin_project;

use super::alarm::Alarm;
use super::cause::Cause;
use super::limits::Timeouts;
use super::link::Link;
use super::pace::Patience;
use super::turn::Turn;

thread_local! {
    /// The stream that the library is about to start a task for. It calls the service and hands over the
    /// task without returning in between, so this is never another connection's.
    static NEXT: Cell<Option<Arc<Turn>>> = const { Cell::new(None) };
}

/// Names the stream whose task comes next.
pub(super) fn announce(turn: Arc<Turn>) {
    NEXT.set(Some(turn));
}

/// Starts the tasks of HTTP/2 streams, each with a watch over its reader.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) link: Arc<Link>,
    pub(super) timeouts: Timeouts,
    pub(super) clock: TokioClock,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let Some(turn) = NEXT.take() else {
            // An upgraded stream: under way for as long as it is pumped.
            let flight = self.link.continue_flight();
            self.link.tunnels();
            tokio::spawn(async move {
                task.await;
                drop(flight);
            });
            return;
        };
        tokio::spawn(Stream {
            task: Some(task),
            reader: Patience::new(self.timeouts.stall, self.timeouts.rate),
            taken: 0,
            turn,
            alarm: Alarm::new(self.clock),
            clock: self.clock,
            link: self.link.clone(),
        });
    }
}

pin_project! {
    /// One stream. If its client does not take the answer, it is dropped, which resets it; the others of
    /// its connection go on.
    struct Stream<F> {
        #[pin]
        task: Option<F>,
        reader: Patience,
        taken: u64,
        turn: Arc<Turn>,
        #[pin]
        alarm: Alarm,
        clock: TokioClock,
        link: Arc<Link>,
    }
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(task) = this.task.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        // Nobody joins this task, so nobody else would hear of a panic.
        let panics = Panics(this.link);
        let polled = task.poll(cx);
        std::mem::forget(panics);
        if polled.is_ready() {
            this.turn.trails();
            return Poll::Ready(());
        }
        let now = this.clock.now();
        let (taken, at) = this.turn.taken();
        if taken > *this.taken {
            this.reader.moved(at, taken - *this.taken);
            *this.taken = taken;
        }
        if !this.turn.is_theirs() {
            this.reader.rests(now);
            return Poll::Pending;
        }
        this.reader.waits(now);
        let Some(end) = this.reader.end() else { return Poll::Pending };
        if this.alarm.poll_until(end, now, cx).is_pending() {
            return Poll::Pending;
        }
        this.link.limited(Cause::SlowReader);
        this.task.set(None);
        Poll::Ready(())
    }
}

/// Notes that the application panics, as that is the one way to drop it.
struct Panics<'a>(&'a Link);

impl Drop for Panics<'_> {
    fn drop(&mut self) {
        self.0.panicked();
        tracing::error!(target: "buttress", "the application panicked, and its stream ended");
    }
}
