use std::future::poll_fn;
use std::hash::BuildHasher;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::{Clock, Timer, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::unconstrained;

use super::app::App;
use super::cause::Cause;
use super::connection::Connection;
use super::limits::Timeouts;
use super::link::Link;
use super::listener::Listener;
use super::newcomer::Newcomer;
use super::newcomers::client;
use super::phase::Phase;
use super::queue::Queue;
use super::round::others_first;
use super::running::Running;
use super::vigil::jittered;

/// The shortest time that tokio's timer knows. Who waits in it also hears of the sockets, and hears of them first.
const TICK: Duration = Duration::from_millis(1);

/// Who comes.
impl<S: App> Running<S> {
    pub(super) fn accepted<I>(&mut self, came: io::Result<(I, Option<SocketAddr>)>)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.room = self.room.saturating_sub(1);
        match came {
            Ok((io, peer)) => {
                self.backoff.succeeded();
                self.admit(io, peer);
            }
            Err(error) => self.not_accepted(&error),
        }
    }

    fn admit<I>(&mut self, io: I, peer: Option<SocketAddr>)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.meters.accepted.increment(1);
        let limits = &self.host.limits;
        let proxy = peer.map_or(limits.unix_is_proxied, |peer| {
            limits.proxies.iter().any(|network| network.contains(peer.ip()))
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
        if !proxy {
            link.belongs_to(client(peer));
        }
        let connection = Newcomer::new(connection.run(io), link.clone(), self.newcomers.clone());
        let task = self.tasks.spawn(connection);
        self.links.insert(task.id(), link);
        self.report.connections += 1;
        self.meters.connections.add(1.0);
    }

    fn not_accepted(&mut self, error: &io::Error) {
        self.meters.pauses.increment(1);
        let Some(pause) = self.backoff.failed(error) else { return };
        tracing::warn!(target: "buttress", %error, ?pause, "no connection could be accepted");
        self.resume = Some(self.clock.now() + pause);
    }

    /// Takes no more connections, after those that the system has taken already. At the limit these have to wait for
    /// those that close now: so it is asked again when some have, as long as the queue lasts.
    pub(super) async fn close<L: Listener>(&mut self, listening: &mut Option<L>) {
        let mut queue = self.queue.take().unwrap_or_else(|| Queue::new(self.clock.now()));
        let Some(mut listener) = listening.take() else { return };
        if self.plan.phase() > Phase::Closing {
            return;
        }
        self.resume = None;
        self.empty(&mut listener, &mut queue).await;
        if !self.is_full() {
            // The runtime may not have heard yet of those who came last. With the time it hears of them.
            TokioTimer.sleep(TICK).await;
            self.empty(&mut listener, &mut queue).await;
        }
        if self.is_full() && queue.goes_on(self.clock.now()) {
            (*listening, self.queue) = (Some(listener), Some(queue));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.tasks.len() >= self.host.limits.connections
    }

    async fn empty<L: Listener>(&mut self, listener: &mut L, queue: &mut Queue) {
        while !self.is_full() && self.resume.is_none() && queue.goes_on(self.clock.now()) {
            let waiting = poll_fn(|cx| match listener.poll_accept(cx) {
                Poll::Ready(came) => Poll::Ready(Some(came)),
                Poll::Pending => Poll::Ready(None),
            });
            // Or tokio would say that nobody waits, only because it is somebody else's turn.
            let Some(came) = unconstrained(waiting).await else { return };
            self.accepted(came);
            if queue.took() {
                others_first().await;
            }
        }
    }
}
