use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// What the system may hold of an answer before the network has room for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 * 1024;

/// Where connections come from.
///
/// Tokio's `TcpListener` and `UnixListener` are listeners, and so are a `Vec` of one kind, and [`Both`] of two
/// kinds. Anything else needs one function:
///
/// ```
/// use std::net::SocketAddr;
/// use std::task::{Context, Poll};
/// use std::io;
///
/// use buttress::serve::Listener;
/// use tokio::net::{TcpListener, TcpStream};
///
/// /// Serves the neighbours of this machine only.
/// struct Local(TcpListener);
///
/// impl Listener for Local {
///     type Io = TcpStream;
///
///     fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Option<SocketAddr>)>> {
///         loop {
///             let (stream, peer) = std::task::ready!(Listener::poll_accept(&mut self.0, cx))?;
///             if peer.is_some_and(|peer| peer.ip().is_loopback()) {
///                 return Poll::Ready(Ok((stream, peer)));
///             }
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut listener = Local(TcpListener::bind("127.0.0.1:0").await?);
/// let client = TcpStream::connect(listener.0.local_addr()?).await?;
/// let (_, peer) = std::future::poll_fn(|cx| listener.poll_accept(cx)).await?;
/// assert_eq!(peer, Some(client.local_addr()?));
/// # Ok(())
/// # }
/// ```
pub trait Listener: Send {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next connection, with the address of its peer if it has one.
    ///
    /// # Errors
    ///
    /// An error is logged, and accepting goes on; after a pause, unless it was about one connection only.
    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Io, Option<SocketAddr>)>>;
}

/// With `TCP_NODELAY`: small answers are sent at once. On Linux, with `TCP_NOTSENT_LOWAT` of 128 KiB too: what the
/// network has not taken yet waits in the body rather than in the system, where one slow reader would hold megabytes.
impl Listener for TcpListener {
    type Io = TcpStream;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, Option<SocketAddr>)>> {
        let (stream, peer) = ready!(Self::poll_accept(self, cx))?;
        // If it fails, the peer has gone already, and reading will tell.
        let _ = stream.set_nodelay(true);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        Poll::Ready(Ok((stream, Some(peer))))
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Io = tokio::net::UnixStream;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Self::Io, Option<SocketAddr>)>> {
        let (stream, _) = ready!(Self::poll_accept(self, cx))?;
        Poll::Ready(Ok((stream, None)))
    }
}

/// All of them; whichever gave a connection comes last then, so that a busy one starves no other.
impl<L: Listener> Listener for Vec<L> {
    type Io = L::Io;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(L::Io, Option<SocketAddr>)>> {
        for at in 0..self.len() {
            if let Poll::Ready(accepted) = self[at].poll_accept(cx) {
                self[at..].rotate_left(1);
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

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

/// A connection of one kind or of another. See [`Listener`].
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
