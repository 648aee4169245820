use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::hash::BuildHasher;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use buttress_core::Faults;
use buttress_core::clock::{Clock, Moment, TokioClock};
use http::{Request, Response};
use http_body::Body;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet, unconstrained, yield_now};
use tower_service::Service;

use super::addresses::Addresses;
use super::alarm::Alarm;
use super::backoff::Backoff;
use super::body::RequestBody;
use super::builder::ServerBuilder;
use super::cause::Cause;
use super::connection::{BoxError, Connection, Host};
use super::hooks::Hooks;
use super::limits::{Limits, Timeouts};
use super::link::Link;
use super::listener::Listener;
use super::meters::Meters;
use super::phase::{Ask, Phase, Plan};
use super::report::Report;
use super::signals::Signals;
#[cfg(feature = "systemd")]
use super::systemd::Systemd;
use super::token::Shutdown;
use super::vigil::jittered;

/// A server: limits for whoever is slow or hostile, and a shutdown in phases. See the [module](super).
pub struct Server {
    pub(super) limits: Arc<Limits>,
    pub(super) addresses: Addresses,
    pub(super) plan: Plan,
    pub(super) hooks: Hooks,
    pub(super) hook_time: Duration,
    pub(super) signals: bool,
    pub(super) shutdown: Shutdown,
    pub(super) meters: Arc<Meters>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<tokio_rustls::TlsAcceptor>,
    #[cfg(feature = "systemd")]
    pub(super) systemd: Systemd,
}

impl Server {
    /// Starts from the defaults, which are good for most.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Begins the shutdown from elsewhere, and tells how far it has come.
    #[must_use]
    pub fn handle(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Serves `app` to whoever connects to `listener`, until a signal or a [handle](Self::handle) asks for
    /// the end and all phases of it are over.
    ///
    /// Dropping the future closes every connection at once, and runs no hook.
    pub async fn serve<L, S, B>(self, listener: L, app: S) -> Report
    where
        L: Listener,
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let clock = TokioClock::new();
        let host = Host {
            app: prepared(app),
            limits: self.limits,
            addresses: self.addresses,
            clock,
            #[cfg(feature = "tls")]
            tls: self.tls,
        };
        let mut news = News::new(&self.shutdown, self.signals);
        let mut running = Running {
            host,
            clock,
            plan: self.plan,
            hooks: self.hooks,
            shutdown: self.shutdown,
            meters: self.meters,
            tasks: JoinSet::new(),
            links: HashMap::new(),
            backoff: Backoff::default(),
            resume: None,
            jitter: RandomState::new(),
            report: Report::default(),
            asked: None,
            #[cfg(feature = "systemd")]
            systemd: self.systemd,
        };
        running.until_the_end(listener, &mut news).await;
        running.finish(self.hook_time).await
    }
}

/// axum's router makes its handlers ready for each request anew, unless it is told that nothing more comes.
fn prepared<S: 'static>(app: S) -> S {
    #[cfg(feature = "axum")]
    {
        let mut app = app;
        let any: &mut dyn std::any::Any = &mut app;
        if let Some(router) = any.downcast_mut::<axum::Router>() {
            *router = std::mem::take(router).with_state(());
        }
        app
    }
    #[cfg(not(feature = "axum"))]
    app
}

/// What comes from outside, and asks for an end.
struct News {
    signals: Option<Signals>,
    asks: watch::Receiver<usize>,
}

impl News {
    fn new(shutdown: &Shutdown, signals: bool) -> Self {
        let signals = signals.then(Signals::listen).and_then(|listening| {
            let failed = |error: &io::Error| {
                tracing::error!(target: "buttress", %error, "signals cannot be listened to");
            };
            listening.inspect_err(failed).ok()
        });
        Self { signals, asks: shutdown.asks() }
    }

    async fn next(&mut self) -> Ask {
        let signal = async {
            match &mut self.signals {
                Some(signals) => signals.next().await,
                None => pending().await,
            }
        };
        tokio::select! {
            ask = signal => ask,
            // The sender lives as long as the server.
            Ok(()) = self.asks.changed() => Ask::Orderly,
        }
    }
}

/// A server that runs.
struct Running<S> {
    host: Host<S>,
    clock: TokioClock,
    plan: Plan,
    hooks: Hooks,
    shutdown: Shutdown,
    meters: Arc<Meters>,
    tasks: JoinSet<()>,
    links: HashMap<Id, Arc<Link>>,
    backoff: Backoff,
    /// When accepting goes on after an error.
    resume: Option<Moment>,
    jitter: RandomState,
    report: Report,
    /// When the end was asked for first.
    asked: Option<Moment>,
    #[cfg(feature = "systemd")]
    systemd: Systemd,
}

type Joined = Result<(Id, ()), JoinError>;

enum Event<I> {
    Ask(Ask),
    Time,
    Ended(Joined),
    Accepted(io::Result<(I, Option<SocketAddr>)>),
}

impl<S, B> Running<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn until_the_end<L: Listener>(&mut self, listener: L, news: &mut News) {
        let mut listener = Some(listener);
        let mut alarm = pin!(Alarm::new(self.clock));
        self.enter();
        while self.plan.phase() != Phase::Ended {
            match self.next(&mut listener, news, alarm.as_mut()).await {
                Event::Ask(ask) => self.asked(ask),
                Event::Time => self.resume = self.resume.filter(|at| *at > self.clock.now()),
                Event::Ended(joined) => self.ended(joined),
                Event::Accepted(Ok((io, peer))) => {
                    self.backoff.succeeded();
                    self.admit(io, peer);
                }
                Event::Accepted(Err(error)) => self.not_accepted(&error),
            }
            while self.plan.advance(self.clock.now(), self.tasks.len()) {
                if self.plan.phase() == Phase::Closing {
                    self.close(listener.take()).await;
                }
                self.enter();
            }
        }
    }

    async fn next<L: Listener>(
        &mut self,
        listener: &mut Option<L>,
        news: &mut News,
        mut alarm: Pin<&mut Alarm>,
    ) -> Event<L::Io> {
        let room = self.tasks.len() < self.host.limits.connections;
        let mut listener = listener.as_mut().filter(|_| room && self.resume.is_none());
        let until = self.wake_at();
        let mut asked = pin!(news.next());
        poll_fn(|cx| {
            if let Poll::Ready(ask) = asked.as_mut().poll(cx) {
                return Poll::Ready(Event::Ask(ask));
            }
            if let Some(until) = until
                && alarm.as_mut().poll_until(until, cx).is_ready()
            {
                return Poll::Ready(Event::Time);
            }
            if let Poll::Ready(Some(joined)) = self.tasks.poll_join_next_with_id(cx) {
                return Poll::Ready(Event::Ended(joined));
            }
            match &mut listener {
                Some(listener) => listener.poll_accept(cx).map(Event::Accepted),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// When something is due by itself.
    fn wake_at(&mut self) -> Option<Moment> {
        #[cfg(feature = "systemd")]
        let beat = self.systemd.beat(self.clock.now());
        #[cfg(not(feature = "systemd"))]
        let beat = None;
        [self.plan.until(), self.resume, beat].into_iter().flatten().min()
    }

    fn admit<I>(&mut self, io: I, peer: Option<SocketAddr>)
    where
        I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        self.meters.accepted.increment(1);
        let proxy = peer.is_some_and(|peer| {
            self.host.limits.proxies.iter().any(|network| network.contains(peer.ip()))
        });
        let place = if proxy { None } else { self.host.addresses.enter(peer) };
        if place.is_none() && !proxy {
            return self.meters.limited(Cause::Address);
        }
        let link = Arc::new(Link::new(self.shutdown.clone(), self.meters.clone()));
        let timeouts = self.host.limits.timeouts;
        let random = self.jitter.hash_one(self.report.connections);
        let age = timeouts.age.map(|age| jittered(age, random));
        let timeouts = Timeouts { age, ..timeouts };
        let host = self.host.clone();
        let connection = Connection { host, link: link.clone(), peer, timeouts, place };
        let task = self.tasks.spawn(connection.run(io));
        self.links.insert(task.id(), link);
        self.report.connections += 1;
        self.meters.connections.set(count(self.tasks.len()));
    }

    fn not_accepted(&mut self, error: &io::Error) {
        self.meters.pauses.increment(1);
        let Some(pause) = self.backoff.failed(error) else { return };
        tracing::warn!(target: "buttress", %error, ?pause, "no connection could be accepted");
        self.resume = Some(self.clock.now() + pause);
    }

    /// Takes no more connections, after those that the system has taken already.
    async fn close<L: Listener>(&mut self, listener: Option<L>) {
        let Some(mut listener) = listener else { return };
        // Twice: the runtime may not have heard yet of those who came last.
        for _ in 0..2 {
            while self.tasks.len() < self.host.limits.connections {
                let waiting = poll_fn(|cx| match listener.poll_accept(cx) {
                    Poll::Ready(Ok(accepted)) => Poll::Ready(Some(accepted)),
                    Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
                });
                // Or tokio would say that nobody waits, only because it is somebody else's turn.
                let Some((io, peer)) = unconstrained(waiting).await else { break };
                self.admit(io, peer);
            }
            yield_now().await;
        }
    }
}

impl<S> Running<S> {
    fn asked(&mut self, ask: Ask) {
        let now = self.clock.now();
        let before = self.plan.phase();
        self.asked.get_or_insert(now);
        self.plan.ask(ask, now);
        if self.plan.phase() != before {
            self.enter();
        }
    }

    /// Tells everybody which phase it is.
    fn enter(&mut self) {
        let phase = self.plan.phase();
        self.shutdown.enter(phase);
        self.meters.entered(phase);
        let connections = self.tasks.len();
        let requests: usize = self.links.values().map(|link| link.under_way()).sum();
        if phase > Phase::Serving {
            tracing::info!(target: "buttress", %phase, connections, requests, "the server goes down");
        }
        match phase {
            Phase::Serving => {
                #[cfg(feature = "systemd")]
                self.systemd.ready();
            }
            Phase::Draining => {
                #[cfg(feature = "systemd")]
                self.systemd.stopping();
                self.hooks.draining();
            }
            Phase::Closing => self.links.values().for_each(|link| link.wake()),
            Phase::Aborting => self.abort(connections, requests),
            Phase::Ended => {}
        }
    }

    fn abort(&mut self, connections: usize, requests: usize) {
        self.report.aborted_connections = connections as u64;
        self.report.aborted_requests = requests as u64;
        self.meters.aborted(connections, requests);
        tracing::warn!(target: "buttress", connections, requests, "what is left is cut off");
        self.tasks.abort_all();
    }

    fn ended(&mut self, joined: Joined) {
        let id = match &joined {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        if joined.is_err_and(|error| error.is_panic()) {
            self.report.panicked += 1;
            tracing::error!(target: "buttress", "the application panicked, and its connection ended");
        }
        if let Some(link) = self.links.remove(&id) {
            self.report.requests += link.seen().requests;
        }
        self.meters.connections.set(count(self.tasks.len()));
    }

    async fn finish(self, hook_time: Duration) -> Report {
        let broken_hooks = self.hooks.run(hook_time).await;
        let asked = self.asked.unwrap_or(Moment::LAST);
        let shutdown = self.clock.now() - asked;
        let report = Report { broken_hooks, shutdown, ..self.report };
        tracing::info!(target: "buttress", ?shutdown, "{report}");
        report
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2⁵² connections")]
fn count(connections: usize) -> f64 {
    connections as f64
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Default for Server {
    /// With the defaults of [`builder`](Self::builder).
    fn default() -> Self {
        ServerBuilder::default().built(&mut Faults::new())
    }
}
