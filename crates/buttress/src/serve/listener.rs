use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// What the system may hold of an answer before the network has room for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 * 1024;

/// Where connections come from.
///
/// Tokio's `TcpListener` and `UnixListener` are listeners, and so are a `Vec` of one kind, and
/// [`Both`](super::Both) of two kinds. Anything else needs one function:
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

/// After so much silence the system asks whether the peer is still there, and then again and again.
const SILENCE: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_secs(15);

/// With `TCP_NODELAY`: small answers are sent at once. With `SO_KEEPALIVE`: a peer that has gone without a word is
/// found out after minutes, also where no limit of HTTP holds, as for a WebSocket. On Linux, with `TCP_NOTSENT_LOWAT`
/// of 128 KiB too: what the network has not taken yet waits in the body rather than in the system, where one slow
/// reader would hold megabytes.
impl Listener for TcpListener {
    type Io = TcpStream;

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, Option<SocketAddr>)>> {
        let (stream, peer) = ready!(Self::poll_accept(self, cx))?;
        // If it fails, the peer has gone already, and reading will tell.
        let _ = stream.set_nodelay(true);
        let socket = SockRef::from(&stream);
        let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(AGAIN);
        let _ = socket.set_tcp_keepalive(&keepalive);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket.set_tcp_notsent_lowat(UNSENT);
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
