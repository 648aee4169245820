use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::{Record, Sink};
use crate::sync::parts::Lock;
use crate::sync::parts::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A sink with room for so many records, at least one, and where they come out.
///
/// The sink never waits for a reader. What there is no room for is lost, and counted: by
/// [`Receiver::lost`], and in the metrics of the audit. It needs no runtime.
///
/// ```
/// use buttress_core::audit::{Action, Audit, Event, Outcome, channel};
///
/// const LOGGED_IN: Action = Action::new("shop.logged_in");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let (sink, mut records) = channel(2);
/// let audit = Audit::builder().sink(sink).build()?;
/// for _ in 0..5 {
///     audit.record(&Event::new(LOGGED_IN, Outcome::Succeeded));
/// }
/// assert_eq!(records.recv().await.unwrap().action(), LOGGED_IN);
/// assert_eq!(records.lost(), 3);
///
/// // Once all sinks are gone, what is left comes out, and then the end.
/// drop(audit);
/// assert!(records.recv().await.is_some() && records.recv().await.is_none());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn channel(room: usize) -> (ChannelSink, Receiver) {
    let queue = Arc::new(Queue {
        room: room.max(1),
        taken: AtomicUsize::new(0),
        lost: AtomicU64::new(0),
        held: Lock::new(Held::default()),
    });
    (ChannelSink(Arc::new(Tail(queue.clone()))), Receiver { queue })
}

/// The end of a [`channel`] where records go in. Clones share its room.
#[derive(Clone)]
pub struct ChannelSink(Arc<Tail>);

/// The end of a [`channel`] where records come out.
pub struct Receiver {
    queue: Arc<Queue>,
}

/// Tells the receiver when the last sink is gone.
struct Tail(Arc<Queue>);

struct Queue {
    room: usize,
    /// How much of it is taken. A record is copied once it has a place, and not under the lock.
    taken: AtomicUsize,
    lost: AtomicU64,
    held: Lock<Held>,
}

#[derive(Default)]
struct Held {
    records: VecDeque<Record<'static>>,
    listener: Option<Waker>,
    /// Whether the other end is gone.
    ended: bool,
}

impl ChannelSink {
    /// How many had no room, ever.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.0.0.lost.load(Ordering::Relaxed)
    }
}

impl Sink for ChannelSink {
    fn record(&self, record: &Record<'_>) -> bool {
        let queue = &self.0.0;
        queue.take_place() && queue.push(record.clone().into_owned())
    }
}

impl Receiver {
    /// The next record, once there is one; none once all sinks are gone. To stop waiting loses nothing.
    pub async fn recv(&mut self) -> Option<Record<'static>> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`recv`](Self::recv), for a future that is written by hand.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Record<'static>>> {
        let mut held = self.queue.held.lock();
        if let Some(record) = held.records.pop_front() {
            self.queue.taken.fetch_sub(1, Ordering::Relaxed);
            return Poll::Ready(Some(record));
        }
        if held.ended {
            return Poll::Ready(None);
        }
        let old = held.listener.replace(cx.waker().clone());
        drop(held);
        drop(old);
        Poll::Pending
    }

    /// As [`recv`](Self::recv), for a thread of its own: it sleeps until there is a record.
    pub fn recv_blocking(&mut self) -> Option<Record<'static>> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        loop {
            match self.poll_recv(&mut Context::from_waker(&waker)) {
                Poll::Ready(record) => return record,
                Poll::Pending => std::thread::park(),
            }
        }
    }

    /// The next record, if there is one.
    pub fn try_recv(&mut self) -> Option<Record<'static>> {
        let record = self.queue.held.lock().records.pop_front()?;
        self.queue.taken.fetch_sub(1, Ordering::Relaxed);
        Some(record)
    }

    /// How many records are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.held.lock().records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many had no room, ever.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.queue.lost.load(Ordering::Relaxed)
    }

    /// Puts one back that could not be written, in front of all others.
    pub(super) fn put_back(&mut self, record: Record<'static>) {
        self.queue.taken.fetch_add(1, Ordering::Relaxed);
        self.queue.held.lock().records.push_front(record);
    }
}

impl Queue {
    fn take_place(&self) -> bool {
        let take = |taken| (taken < self.room).then_some(taken + 1);
        let place = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if place.is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        place.is_ok()
    }

    fn push(&self, record: Record<'static>) -> bool {
        let mut held = self.held.lock();
        if held.ended {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        held.records.push_back(record);
        let listener = held.listener.take();
        drop(held);
        // Outside of the lock: a waker may poll at once, and so come back here.
        listener.into_iter().for_each(Waker::wake);
        true
    }

    fn end(&self) -> VecDeque<Record<'static>> {
        let mut held = self.held.lock();
        held.ended = true;
        let (records, listener) = (std::mem::take(&mut held.records), held.listener.take());
        drop(held);
        listener.into_iter().for_each(Waker::wake);
        records
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let mut held = self.0.held.lock();
        held.ended = true;
        let listener = held.listener.take();
        drop(held);
        listener.into_iter().for_each(Waker::wake);
    }
}

/// What nobody has read is lost, and so is what comes now.
impl Drop for Receiver {
    fn drop(&mut self) {
        let unread = self.queue.end().len();
        self.queue.lost.fetch_add(unread as u64, Ordering::Relaxed);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl fmt::Debug for ChannelSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSink").field("lost", &self.lost()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
