use std::error::Error;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_core::clock::{Clock, Moment, TokioClock};
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::addresses::{Addresses, Place};
use super::ahead::Ahead;
use super::alarm::Alarm;
use super::body::RequestBody;
use super::cause::Cause;
use super::detect::{Detected, detect};
use super::door::Door;
use super::frames::{Budget, Frames};
use super::head::Heads;
use super::limits::{Limits, Timeouts};
use super::link::Link;
use super::phase::Phase;
use super::proxy;
use super::stream::Streams;
use super::vigil::{Verdict, Vigil};
use super::wire::{Scan, Wire};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

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
type Ended = Option<Cause>;

impl<S, B> Connection<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
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
        let until = opened + self.timeouts.header;
        let (link, clock) = (self.link.clone(), self.host.clock);
        let mut place = self.place.take();
        if place.is_none() {
            let named = opening(&link, clock, until, proxied(&mut io)).await;
            match named {
                Ok(Ok(client)) => self.peer = client.or(self.peer),
                Ok(Err(())) => return Some(Cause::Proxy),
                Err(ended) => return ended,
            }
            place = self.host.addresses.enter(self.peer);
            if place.is_none() {
                return Some(Cause::Address);
            }
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = self.host.tls.take() {
            let shaking = async {
                if io.seen().is_empty() {
                    io.look().await?;
                }
                link.spoke();
                tls.accept(io).await
            };
            let ended = match opening(&link, clock, until, shaking).await {
                Ok(Ok(io)) => self.speak(Ahead::new(io), opened).await,
                Ok(Err(_)) => Some(Cause::Handshake),
                Err(ended) => ended,
            };
            drop(place);
            return ended;
        }
        let ended = self.speak(io, opened).await;
        drop(place);
        ended
    }

    /// Finds out which protocol it is, and speaks it.
    async fn speak<I>(self, mut io: Ahead<I>, opened: Moment) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let until = opened + self.timeouts.header;
        let (link, clock) = (self.link.clone(), self.host.clock);
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
        match opening(&link, clock, until, detecting).await {
            Ok(Ok(Detected::Http2)) => self.http2(io, opened).await,
            Ok(Ok(_)) => self.http1(io, opened).await,
            // The peer went away; there is nobody to tell.
            Ok(Err(_)) => None,
            Err(ended) => ended,
        }
    }

    async fn http1<I>(self, io: Ahead<I>, opened: Moment) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let limits = self.host.limits.clone();
        let scan = Scan::Http1(Heads::new(limits.strict_lines));
        let wire = TokioIo::new(Wire::new(io, self.link.clone(), scan));
        let mut library = http1::Builder::new();
        library
            .header_read_timeout(None)
            .max_header_size(limits.header_bytes)
            // The smallest that the library allows is 8 KiB.
            .max_buf_size(limits.header_bytes.max(BUFFER));
        // Its own default, and the only number for which it needs no allocation.
        if limits.header_count != 100 {
            library.max_headers(limits.header_count);
        }
        let vigil = Vigil::new(self.timeouts, opened);
        let (link, clock) = (self.link.clone(), self.host.clock);
        let connection = library.serve_connection(wire, self.door()).with_upgrades();
        let ended = drive(connection, vigil, &link, clock).await;
        // The application has it now, and this waits until it gives it up.
        if link.is_upgraded() {
            closed(&link).await;
        }
        ended
    }

    async fn http2<I>(self, io: Ahead<I>, opened: Moment) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (link, clock, timeouts) = (self.link.clone(), self.host.clock, self.timeouts);
        let limits = self.host.limits.clone();
        let budget = (limits.http2.idle_frames, limits.http2.idle_frames_each_second);
        let budget = Budget::new(budget.0, budget.1, opened);
        let scan = Scan::Http2 { frames: Frames::new(), budget, clock, written: 0 };
        let wire = TokioIo::new(Wire::new(io, link.clone(), scan));
        let streams = Streams { link: link.clone(), timeouts, clock };
        let library = http2_library(streams, &limits);
        let connection = library.serve_connection(wire, self.door());
        drive(connection, Vigil::new(timeouts, opened), &link, clock).await
    }

    fn door(self) -> Door<S> {
        let Host { app, limits, clock, .. } = self.host;
        Door { app, link: self.link, limits, peer: self.peer, clock }
    }
}

/// What happens before the protocol is known: until a deadline, and not beyond the end of the lead time if
/// the peer has not said a word.
async fn opening<T>(
    link: &Link,
    clock: TokioClock,
    until: Moment,
    step: impl Future<Output = T>,
) -> Result<T, Ended> {
    let (mut step, mut alarm) = (pin!(step), pin!(Alarm::new(clock)));
    poll_fn(|cx| {
        link.watched_by(cx.waker());
        if let Poll::Ready(done) = step.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        if link.phase() >= Phase::Closing && !link.has_spoken() {
            return Poll::Ready(Err(None));
        }
        alarm.as_mut().poll_until(until, cx).map(|()| Err(Some(Cause::HeaderTimeout)))
    })
    .await
}

/// What the library reads ahead, and buffers of a response, at most.
const BUFFER: usize = 64 * 1024;

fn http2_library(streams: Streams, limits: &Limits) -> http2::Builder<Streams> {
    let http2 = &limits.http2;
    let mut library = http2::Builder::new(streams);
    library
        .timer(TokioTimer::new())
        .max_concurrent_streams(http2.concurrent_streams)
        .max_pending_accept_reset_streams(http2.pending_resets)
        .max_local_error_reset_streams(http2.local_resets)
        .initial_stream_window_size(http2.stream_window)
        .initial_connection_window_size(http2.connection_window)
        .max_send_buf_size(http2.send_buffer)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(http2.ping_interval)
        .keep_alive_timeout(http2.ping_timeout)
        // For WebSockets over HTTP/2 (RFC 8441).
        .enable_connect_protocol();
    library
}

/// A connection of the library, of either protocol.
trait Speaks: Future<Output = hyper::Result<()>> {
    /// Whether one connection has many requests at once, and a word for «no more of them».
    const MANY: bool;

    /// Ends once nothing is under way.
    fn finish(self: Pin<&mut Self>);
}

impl<I, S, B> Speaks for http1::UpgradeableConnection<I, Door<S>>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    const MANY: bool = false;

    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B> Speaks for http2::Connection<I, Door<S>, Streams>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    const MANY: bool = true;

    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls the library, and holds the connection to its deadlines and to the server's phase.
async fn drive<C: Speaks>(
    connection: C,
    mut vigil: Vigil,
    link: &Arc<Link>,
    clock: TokioClock,
) -> Ended {
    let mut connection = pin!(connection);
    let mut alarm = pin!(Alarm::new(clock));
    let mut finishing = None;
    poll_fn(|cx| {
        // First, so that no news is missed that comes while the rest runs.
        link.watched_by(cx.waker());
        loop {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(finishing.flatten());
            }
            if finishing.is_none() && link.phase() >= Phase::Closing {
                finish(connection.as_mut(), &mut vigil, &mut finishing, None, clock);
                continue;
            }
            match verdict(&mut vigil, link, alarm.as_mut(), clock, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Verdict::Kill(cause)) => return Poll::Ready(Some(cause)),
                Poll::Ready(Verdict::Last) if !C::MANY => {
                    // It need not be told more: its next answer will say so, or it idles.
                    vigil.aged();
                    link.make_last();
                    link.limited(Cause::Age);
                }
                Poll::Ready(Verdict::Last) => {
                    let cause = Some(Cause::Age);
                    finish(connection.as_mut(), &mut vigil, &mut finishing, cause, clock);
                }
                Poll::Ready(Verdict::Close(cause)) => {
                    finish(connection.as_mut(), &mut vigil, &mut finishing, Some(cause), clock);
                }
            }
        }
    })
    .await
}

fn finish<C: Speaks>(
    connection: Pin<&mut C>,
    vigil: &mut Vigil,
    finishing: &mut Option<Ended>,
    cause: Ended,
    clock: TokioClock,
) {
    connection.finish();
    vigil.closing(clock.now());
    *finishing = Some(cause);
}

fn verdict(
    vigil: &mut Vigil,
    link: &Link,
    alarm: Pin<&mut Alarm>,
    clock: TokioClock,
    cx: &mut Context<'_>,
) -> Poll<Verdict> {
    vigil.look(clock.now(), link.seen());
    let Some((at, verdict)) = vigil.due() else { return Poll::Pending };
    alarm.poll_until(at, cx).map(|()| verdict)
}

/// What a trusted proxy says of its client; nobody if it speaks for itself.
async fn proxied<I: AsyncRead + Unpin>(io: &mut Ahead<I>) -> Result<Option<SocketAddr>, ()> {
    loop {
        if let Some(header) = proxy::parse(io.seen()).map_err(drop)? {
            io.skip(header.length());
            return Ok(header.source());
        }
        io.look().await.map_err(drop)?;
    }
}

/// Waits until the socket is gone.
async fn closed(link: &Link) {
    poll_fn(|cx| {
        link.watched_by(cx.waker());
        if link.is_closed() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Cuts the connection off when it is dropped.
struct Cut(Arc<Link>);

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.cut();
    }
}
