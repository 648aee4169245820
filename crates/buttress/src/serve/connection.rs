use std::net::SocketAddr;
use std::sync::Arc;

use buttress_core::clock::{Clock, Moment, TokioClock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;

use super::addresses::{Addresses, Place};
use super::ahead::Ahead;
use super::app::App;
use super::cause::Cause;
use super::detect::{Detected, detect};
use super::limits::{Limits, Timeouts};
use super::link::Link;
use super::newcomers::client;
use super::opening::{opening, proxied};

/// What every connection of a server is served with.
#[derive(Clone)]
pub(super) struct Host<S> {
    pub(super) app: S,
    pub(super) limits: Arc<Limits>,
    pub(super) addresses: Addresses,
    pub(super) clock: TokioClock,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<tokio_rustls::TlsAcceptor>,
}

/// One connection, from its first byte to its last.
pub(super) struct Connection<S> {
    pub(super) host: Host<S>,
    pub(super) link: Arc<Link>,
    pub(super) peer: Option<SocketAddr>,
    /// With the jitter in its age.
    pub(super) timeouts: Timeouts,
    /// Its place among those of its client; a trusted proxy's takes one once the client is known.
    pub(super) place: Option<Place>,
}

/// The connection ends for this reason, or because the peer or the server wanted it to.
pub(super) type Ended = Option<Cause>;

impl<S: App> Connection<S> {
    /// Serves it to its end.
    pub(super) async fn run<I>(self, io: I)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let link = self.link.clone();
        // An upgraded connection lives in a task of the application: it is cut when this one is dropped.
        let _cut = Cut(link.clone());
        if let Some(cause) = self.serve(Ahead::new(io)).await {
            link.limited(cause);
        }
    }

    async fn serve<I>(mut self, mut io: Ahead<I>) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let opened = self.host.clock.now();
        let _place = match self.admitted(&mut io, opened).await {
            Ok(place) => place,
            Err(ended) => return ended,
        };
        #[cfg(feature = "tls")]
        if let Some(tls) = self.host.tls.take() {
            return self.shake(tls, io, opened).await;
        }
        self.speak(io, opened).await
    }

    /// Its place among those of its client, whom a trusted proxy names first.
    async fn admitted<I>(&mut self, io: &mut Ahead<I>, opened: Moment) -> Result<Place, Ended>
    where
        I: AsyncRead + Unpin,
    {
        if let Some(place) = self.place.take() {
            return Ok(place);
        }
        let (clock, limit) = (self.host.clock, self.timeouts.header);
        let named = opening(&self.link, clock, opened, limit, proxied(io)).await?;
        // Who only looks whether somebody is here breaks no rule.
        let nothing = io.seen().is_empty();
        self.peer = named.map_err(|()| (!nothing).then_some(Cause::Proxy))?.or(self.peer);
        let place = self.host.addresses.enter(self.peer).ok_or(Some(Cause::Address))?;
        // What it says next, it says in its turn.
        self.link.belongs_to(client(self.peer));
        yield_now().await;
        Ok(place)
    }

    #[cfg(feature = "tls")]
    async fn shake<I>(
        self,
        tls: tokio_rustls::TlsAcceptor,
        mut io: Ahead<I>,
        opened: Moment,
    ) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let link = self.link.clone();
        let shaking = async {
            if io.seen().is_empty() && io.look().await.is_err() {
                // Nothing came: no handshake has failed.
                return Err(None);
            }
            link.shakes();
            tls.accept(io).await.map_err(|_| Some(Cause::Handshake))
        };
        let (clock, limit) = (self.host.clock, self.timeouts.header);
        match opening(&link, clock, opened, limit, shaking).await {
            Ok(Ok(io)) => self.speak(Ahead::new(io), opened).await,
            Ok(Err(ended)) | Err(ended) => ended,
        }
    }

    /// Finds out which protocol it is, and speaks it.
    async fn speak<I>(self, mut io: Ahead<I>, opened: Moment) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (link, clock, limit) = (self.link.clone(), self.host.clock, self.timeouts.header);
        let detecting = async {
            loop {
                if !io.seen().is_empty() {
                    link.spoke();
                }
                match detect(io.seen()) {
                    Detected::Undecided => io.look().await?,
                    decided => return std::io::Result::Ok(decided),
                }
            }
        };
        match opening(&link, clock, opened, limit, detecting).await {
            Ok(Ok(Detected::Http2)) => self.http2(io, opened).await,
            Ok(Ok(_)) => self.http1(io, opened).await,
            // The peer went away; there is nobody to tell.
            Ok(Err(_)) => None,
            Err(ended) => ended,
        }
    }
}

/// Cuts the connection off when it is dropped.
struct Cut(Arc<Link>);

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.cut();
    }
}
