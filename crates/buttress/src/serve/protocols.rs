use std::future::poll_fn;
use std::task::Poll;

use buttress_core::clock::Moment;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::ahead::Ahead;
use super::app::App;
use super::budget::Budget;
use super::connection::{Connection, Ended, Host};
use super::door::Door;
use super::drive::Drive;
use super::frames::Frames;
use super::head::Heads;
use super::limits::Limits;
use super::link::Link;
use super::stream::Streams;
use super::vigil::Vigil;
use super::wire::{Scan, Wire};

impl<S: App> Connection<S> {
    pub(super) async fn http1<I>(self, io: Ahead<I>, opened: Moment) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let limits = self.host.limits.clone();
        let scan = Scan::Http1(Heads::new(limits.strict_lines, limits.longest_target()));
        let wire = Wire::new(io, self.link.clone(), scan).lingers(limits.linger_bytes);
        let wire = TokioIo::new(wire);
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
        let ended = Drive::new(connection, vigil, link.clone(), clock).await;
        // The application has it now, and this waits until it gives it up.
        if link.is_upgraded() {
            closed(&link).await;
        }
        ended
    }

    pub(super) async fn http2<I>(self, io: Ahead<I>, opened: Moment) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (link, clock, timeouts) = (self.link.clone(), self.host.clock, self.timeouts);
        let limits = self.host.limits.clone();
        let budget = (limits.http2.idle_frames, limits.http2.idle_frames_each_second);
        let budget = Budget::new(budget.0, budget.1, opened);
        let scan = Scan::Http2 { frames: Frames::new(), sent: Frames::sent(), budget, clock };
        let wire = TokioIo::new(Wire::new(io, link.clone(), scan));
        let streams = Streams { link: link.clone(), timeouts, clock };
        let library = http2_library(streams, &limits);
        let connection = library.serve_connection(wire, self.door());
        let vigil = Vigil::new(timeouts, opened).greeted();
        Drive::new(connection, vigil, link, clock).await
    }

    fn door(self) -> Door<S> {
        let Host { app, limits, clock, .. } = self.host;
        Door { app, link: self.link, limits, peer: self.peer, clock }
    }
}

/// What the library reads ahead, and buffers of a response, at most.
const BUFFER: usize = 64 * 1024;

/// The library takes so many times the longest head, so that one that is too long is refused by us. Beyond it answers
/// by itself, and beyond four times that it ends the connection.
const HEADS: usize = 4;

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
        .max_header_list_size(u32::try_from(limits.header_bytes * HEADS).unwrap_or(u32::MAX))
        .keep_alive_interval(http2.ping_interval)
        .keep_alive_timeout(http2.ping_timeout)
        // For WebSockets over HTTP/2 (RFC 8441).
        .enable_connect_protocol();
    library
}

/// Waits until the socket is gone.
async fn closed(link: &Link) {
    poll_fn(|cx| {
        link.watched_by(cx.waker());
        if link.is_closed() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
