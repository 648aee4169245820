mod flight;
mod requests;
mod tunnels;

use std::error::Error;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};
use std::task::Waker;

pub(super) use self::flight::Flight;
use self::tunnels::Tunnels;
use super::cause::Cause;
use super::failure::Failure;
use super::head::Fault;
use super::meters::Meters;
use super::newcomers::Client;
use super::parts::AtomicWaker;
use super::parts::atomic::Ordering::{Acquire, Relaxed, Release};
use super::parts::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use super::phase::Phase;
use super::token::Shutdown;
use super::vigil::Seen;

/// What the parts of one connection tell each other: its task, its bytes, its requests, the server.
#[derive(Debug)]
pub(super) struct Link {
    shutdown: Shutdown,
    meters: Arc<Meters>,
    /// Known from the beginning, unless a trusted proxy has to say it.
    client: OnceLock<Client>,
    /// The task that watches over the connection.
    task: AtomicWaker,
    /// Whoever reads and writes after an upgrade, in a task that is not ours.
    reader: AtomicWaker,
    writer: AtomicWaker,
    requests: AtomicU64,
    in_flight: AtomicUsize,
    trailing: AtomicUsize,
    answers: AtomicU64,
    pieces: AtomicU64,
    taken: AtomicU64,
    tunnels: Tunnels,
    /// When it had its last turn, in nanoseconds.
    now: AtomicU64,
    written: AtomicU64,
    /// One more than the bytes thrown away after the last answer; none before it.
    lingering: AtomicU64,
    refused: AtomicU64,
    long_target: AtomicBool,
    blocked: AtomicBool,
    in_head: AtomicBool,
    shaking: AtomicBool,
    spoken: AtomicBool,
    last: AtomicBool,
    answered: AtomicBool,
    invited: AtomicBool,
    upgraded: AtomicBool,
    cut: AtomicBool,
    closed: AtomicBool,
}

/// About the connection as a whole.
impl Link {
    pub(super) fn new(shutdown: Shutdown, meters: Arc<Meters>) -> Self {
        Self {
            shutdown,
            meters,
            client: OnceLock::new(),
            task: AtomicWaker::new(),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            requests: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            trailing: AtomicUsize::new(0),
            answers: AtomicU64::new(0),
            pieces: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            tunnels: Tunnels::new(),
            now: AtomicU64::new(0),
            written: AtomicU64::new(0),
            lingering: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            long_target: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            in_head: AtomicBool::new(false),
            shaking: AtomicBool::new(false),
            spoken: AtomicBool::new(false),
            last: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            invited: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Whose it is, as limits know clients. What is said first counts.
    pub(super) fn belongs_to(&self, client: Client) {
        self.client.get_or_init(|| client);
    }

    pub(super) fn client(&self) -> Option<Client> {
        self.client.get().copied()
    }

    pub(super) fn phase(&self) -> Phase {
        self.shutdown.phase()
    }

    /// Counts that a limit was used.
    pub(super) fn limited(&self, cause: Cause) {
        self.meters.limited(cause);
    }

    /// Counts that the application panicked.
    pub(super) fn panicked(&self) {
        self.meters.panicked();
    }

    /// Tells that the application failed.
    pub(super) fn failed(&self, what: Failure, error: &(dyn Error + 'static)) {
        self.meters.failed(what, error);
    }

    pub(super) fn watched_by(&self, task: &Waker) {
        self.task.register(task);
    }

    pub(super) fn wake(&self) {
        self.task.wake();
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            requests: self.requests.load(Acquire),
            in_flight: self.in_flight.load(Acquire),
            trailing: self.trailing.load(Acquire),
            taken: self.taken.load(Relaxed),
            in_head: self.in_head.load(Relaxed),
            blocked: self.blocked.load(Relaxed),
            written: self.written.load(Relaxed),
            lingering: self.lingering.load(Relaxed).checked_sub(1),
        }
    }

    /// It has its turn, for which it asked.
    pub(super) fn invite(&self) {
        self.invited.store(true, Release);
        self.wake();
    }

    /// Whether it was invited, once: it asks again before it is invited again.
    pub(super) fn is_invited(&self) -> bool {
        let invited = self.invited.load(Acquire);
        if invited {
            self.invited.store(false, Relaxed);
        }
        invited
    }

    /// Requests whose answers have not ended; another protocol counts as one.
    pub(super) fn under_way(&self) -> usize {
        self.in_flight.load(Acquire) + usize::from(self.is_upgraded() && !self.is_closed())
    }

    /// Lets the next answer be the last.
    pub(super) fn make_last(&self) {
        self.last.store(true, Release);
    }

    /// Whether an answer over HTTP/1 should say that it is the last.
    pub(super) fn is_last(&self) -> bool {
        self.last.load(Acquire) || self.phase() >= Phase::Draining
    }
}

/// About its bytes.
impl Link {
    /// A handshake has begun: something will be asked, most likely.
    #[cfg(feature = "tls")]
    pub(super) fn shakes(&self) {
        self.shaking.store(true, Relaxed);
    }

    pub(super) fn is_shaking(&self) -> bool {
        self.shaking.load(Relaxed)
    }

    pub(super) fn spoke(&self) {
        self.spoken.store(true, Relaxed);
    }

    pub(super) fn has_spoken(&self) -> bool {
        self.spoken.load(Relaxed)
    }

    pub(super) fn heads(&self, in_head: bool, refused: Option<(NonZeroU64, Fault)>) {
        self.in_head.store(in_head, Relaxed);
        if let Some((number, fault)) = refused {
            self.refused.store(number.get(), Relaxed);
            self.long_target.store(fault == Fault::LongTarget, Relaxed);
        }
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
        self.blocked.store(false, Relaxed);
    }

    pub(super) fn set_blocked(&self, blocked: bool) {
        self.blocked.store(blocked, Relaxed);
    }

    /// The last answer is sent, and so many bytes that came since were thrown away.
    pub(super) fn lingers(&self, thrown: u64) {
        self.lingering.store(thrown.saturating_add(1), Relaxed);
    }

    pub(super) fn read_by(&self, reader: &Waker) {
        self.reader.register(reader);
    }

    pub(super) fn written_by(&self, writer: &Waker) {
        self.writer.register(writer);
    }

    /// Cuts the connection off, wherever it is.
    pub(super) fn cut(&self) {
        self.cut.store(true, Release);
        self.reader.wake();
        self.writer.wake();
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Acquire)
    }

    /// The socket is gone.
    pub(super) fn close(&self) {
        self.closed.store(true, Release);
        self.wake();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Acquire)
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
