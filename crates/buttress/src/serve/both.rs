use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::listener::Listener;

/// Two listeners of two kinds, in turns.
///
/// ```
/// use buttress::serve::{Both, Server};
/// use tokio::net::TcpListener;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().signals(false).lead_time(std::time::Duration::ZERO).build()?;
/// server.handle().begin();
/// let inside = TcpListener::bind("127.0.0.1:0").await?;
/// let outside = vec![TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
/// assert!(server.serve(Both::new(inside, outside), axum::Router::new()).await.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Both<A, B> {
    first: A,
    second: B,
    second_is_next: bool,
}

impl<A, B> Both<A, B> {
    /// Accepts from both.
    #[must_use]
    pub fn new(first: A, second: B) -> Self {
        Self { first, second, second_is_next: false }
    }
}

impl<A: Listener, B: Listener> Listener for Both<A, B> {
    type Io = Either<A::Io, B::Io>;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Io, Option<SocketAddr>)>> {
        for _ in 0..2 {
            let second = self.second_is_next;
            self.second_is_next = !second;
            let accepted = if second {
                let accepted = self.second.poll_accept(cx);
                accepted.map_ok(|(io, peer)| (Either::right(io), peer))
            } else {
                self.first.poll_accept(cx).map_ok(|(io, peer)| (Either::left(io), peer))
            };
            if accepted.is_ready() {
                return accepted;
            }
        }
        Poll::Pending
    }
}

/// A connection of one kind or of another. See [`Listener`](super::Listener).
pub struct Either<A, B> {
    side: Side<A, B>,
}

enum Side<A, B> {
    Left(A),
    Right(B),
}

impl<A, B> Either<A, B> {
    fn left(io: A) -> Self {
        Self { side: Side::Left(io) }
    }

    fn right(io: B) -> Self {
        Self { side: Side::Right(io) }
    }
}

macro_rules! either {
    ($self:ident, $io:ident => $call:expr) => {
        match &mut $self.get_mut().side {
            Side::Left($io) => {
                let $io = Pin::new($io);
                $call
            }
            Side::Right($io) => {
                let $io = Pin::new($io);
                $call
            }
        }
    };
}

impl<A: AsyncRead + Unpin, B: AsyncRead + Unpin> AsyncRead for Either<A, B> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_read(cx, buffer))
    }
}

impl<A: AsyncWrite + Unpin, B: AsyncWrite + Unpin> AsyncWrite for Either<A, B> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => io.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.side {
            Side::Left(io) => io.is_write_vectored(),
            Side::Right(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => io.poll_shutdown(cx))
    }
}

impl<A, B> fmt::Debug for Either<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Either").finish_non_exhaustive()
    }
}
