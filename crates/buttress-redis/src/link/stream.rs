use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::traffic::Traffic;

/// A connection of any kind, whose traffic is noted.
#[derive(Debug)]
pub(crate) struct Stream {
    io: Io,
    traffic: Arc<Traffic>,
}

#[derive(Debug)]
pub(crate) enum Io {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Stream {
    pub(crate) fn new(io: Io, traffic: Arc<Traffic>) -> Self {
        Self { io, traffic }
    }
}

macro_rules! either {
    ($stream:expr, $io:ident => $call:expr) => {
        match &mut $stream.io {
            Io::Tcp(io) => {
                let $io = Pin::new(io);
                $call
            }
            #[cfg(unix)]
            Io::Unix(io) => {
                let $io = Pin::new(io);
                $call
            }
            #[cfg(feature = "tls")]
            Io::Tls(io) => {
                let $io = Pin::new(io);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(either!(self, io => io.poll_read(cx, buffer)))?;
        if buffer.filled().len() > before {
            self.traffic.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(either!(self, io => io.poll_write(cx, bytes)))?;
        self.traffic.wrote();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_shutdown(cx))
    }
}
