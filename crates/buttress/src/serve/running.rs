use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_core::clock::{Clock, Moment, TokioClock};
use tokio::task::{Id, JoinError, JoinSet};

use super::alarm::Alarm;
use super::app::App;
use super::backoff::Backoff;
use super::connection::Host;
use super::hooks::Hooks;
use super::link::Link;
use super::listener::Listener;
use super::meters::Meters;
use super::newcomers::{Newcomers, ROOM};
use super::news::News;
use super::phase::{Ask, Phase, Plan};
use super::queue::Queue;
use super::report::Report;
use super::round::others_first;
use super::server::Server;
#[cfg(feature = "systemd")]
use super::systemd::Systemd;
use super::token::Hold;

/// A server that runs.
pub(super) struct Running<S> {
    pub(super) host: Host<S>,
    pub(super) clock: TokioClock,
    pub(super) plan: Plan,
    pub(super) hooks: Hooks,
    pub(super) shutdown: Hold,
    /// The phase that the metrics say.
    pub(super) shown: Option<Phase>,
    pub(super) meters: Arc<Meters>,
    pub(super) tasks: JoinSet<()>,
    pub(super) links: HashMap<Id, Arc<Link>>,
    /// Connections that have ended before a handler of theirs has.
    pub(super) orphans: Vec<Arc<Link>>,
    pub(super) backoff: Backoff,
    pub(super) newcomers: Newcomers,
    /// For so many more that come.
    pub(super) room: usize,
    /// There may be some in the system's queue, for whom there is no room until others have closed.
    pub(super) queue: Option<Queue>,
    /// When accepting goes on after an error.
    pub(super) resume: Option<Moment>,
    pub(super) jitter: RandomState,
    pub(super) report: Report,
    /// When the end was asked for first.
    pub(super) asked: Option<Moment>,
    #[cfg(feature = "systemd")]
    pub(super) systemd: Systemd,
}

impl<S> Running<S> {
    pub(super) fn new(server: Server, app: S) -> Self {
        let clock = TokioClock::new();
        let host = Host {
            app,
            limits: server.limits,
            addresses: server.addresses,
            clock,
            #[cfg(feature = "tls")]
            tls: server.tls,
        };
        Self {
            host,
            clock,
            plan: server.plan,
            hooks: server.hooks,
            shutdown: server.shutdown,
            shown: None,
            meters: server.meters,
            tasks: JoinSet::new(),
            links: HashMap::new(),
            orphans: Vec::new(),
            backoff: Backoff::default(),
            newcomers: Newcomers::default(),
            room: ROOM,
            queue: None,
            resume: None,
            jitter: RandomState::new(),
            report: Report::default(),
            asked: None,
            #[cfg(feature = "systemd")]
            systemd: server.systemd,
        }
    }
}

type Joined = Result<(Id, ()), JoinError>;

enum Event<I> {
    Ask(Ask),
    Time,
    Ended(Joined),
    /// A handler whose connection had ended before.
    Orphaned,
    /// Enough newcomers had a turn.
    Round,
    Accepted(io::Result<(I, Option<SocketAddr>)>),
}

impl<S: App> Running<S> {
    pub(super) async fn until_the_end<L: Listener>(&mut self, listener: L, news: &mut News) {
        let mut listener = Some(listener);
        let mut alarm = pin!(Alarm::new(self.clock));
        self.enter();
        while self.plan.phase() != Phase::Ended {
            match self.next(&mut listener, news, alarm.as_mut()).await {
                Event::Ask(ask) => self.asked(ask),
                Event::Time => self.resume = self.resume.filter(|at| *at > self.clock.now()),
                Event::Ended(joined) => self.ended(joined),
                Event::Orphaned => {}
                Event::Accepted(came) => self.accepted(came),
                Event::Round => self.next_round().await,
            }
            if self.queue.is_some() {
                self.close(&mut listener).await;
            }
            while self.goes_on().await {
                if self.plan.phase() == Phase::Closing {
                    self.close(&mut listener).await;
                }
                self.enter();
            }
        }
    }

    /// Whether the next phase begins. Before anything is cut off, all that has ended by then is heard.
    async fn goes_on(&mut self) -> bool {
        if self.plan.cuts(self.clock.now()) {
            others_first().await;
            while let Some(joined) = self.tasks.try_join_next_with_id() {
                self.ended(joined);
            }
            self.orphans.retain(|link| link.is_busy());
        }
        self.plan.advance(self.clock.now(), self.tasks.len() + self.orphans.len())
    }

    async fn next<L: Listener>(
        &mut self,
        listener: &mut Option<L>,
        news: &mut News,
        mut alarm: Pin<&mut Alarm>,
    ) -> Event<L::Io> {
        let accepts = !self.is_full() && self.resume.is_none() && self.queue.is_none();
        let mut listener = listener.as_mut().filter(|_| accepts);
        let until = self.wake_at();
        poll_fn(|cx| {
            if let Poll::Ready(ask) = news.poll(cx) {
                return Poll::Ready(Event::Ask(ask));
            }
            if let Some(until) = until
                && alarm.as_mut().poll_until(until, self.clock.now(), cx).is_ready()
            {
                return Poll::Ready(Event::Time);
            }
            if let Poll::Ready(Some(joined)) = self.tasks.poll_join_next_with_id(cx) {
                return Poll::Ready(Event::Ended(joined));
            }
            if self.is_orphan_gone(cx) {
                return Poll::Ready(Event::Orphaned);
            }
            if self.room == 0 {
                return Poll::Ready(Event::Round);
            }
            if let Some(listener) = &mut listener
                && let Poll::Ready(came) = listener.poll_accept(cx)
            {
                return Poll::Ready(Event::Accepted(came));
            }
            self.newcomers.poll_over(cx).map(|()| Event::Round)
        })
        .await
    }

    async fn next_round(&mut self) {
        others_first().await;
        self.room = self.newcomers.next_round();
    }

    /// When something is due by itself.
    fn wake_at(&mut self) -> Option<Moment> {
        #[cfg(feature = "systemd")]
        let beat = self.systemd.beat(self.clock.now());
        #[cfg(not(feature = "systemd"))]
        let beat = None;
        let emptied = self.queue.as_ref().map(Queue::until);
        [self.plan.until(), self.resume, emptied, beat].into_iter().flatten().min()
    }
}

impl<S> Running<S> {
    fn ended(&mut self, joined: Joined) {
        let id = match &joined {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        if joined.is_err_and(|error| error.is_panic()) {
            self.meters.panicked();
            tracing::error!(target: "buttress", "the application panicked, and its connection ended");
        }
        if let Some(link) = self.links.remove(&id) {
            self.report.requests += link.seen().requests;
            if link.is_busy() {
                self.orphans.push(link);
            }
        }
        self.meters.connections.add(-1.0);
    }

    /// Whether a handler without a connection has ended; if not, whoever is woken hears of it.
    fn is_orphan_gone(&mut self, cx: &Context<'_>) -> bool {
        let before = self.orphans.len();
        self.orphans.retain(|link| {
            link.watched_by(cx.waker());
            link.is_busy()
        });
        self.orphans.len() < before
    }
}

/// However it ends, and if its future is dropped: who waits for the end hears of it.
impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        self.show(Phase::Ended);
        self.meters.connections.add(-count(self.tasks.len()));
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2⁵² connections")]
fn count(connections: usize) -> f64 {
    connections as f64
}
