use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Reply, tls};
use crate::until::DEADLINE;

/// A connection of the test's own: one command after the other, in RESP2.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use buttress_testkit::redis::{Reply, Server};
///
/// let server = Server::start().await;
/// let mut client = server.client().await?;
/// client.command(["SUBSCRIBE", "news"]).await?;
/// assert_eq!(server.command(["PUBLISH", "news", "rain"]).await, Reply::Integer(1));
/// assert_eq!(client.next().await?.items()[2].text(), "rain");
/// # Ok(())
/// # }
/// ```
pub struct Client {
    peer: SocketAddr,
    stream: Box<dyn Stream>,
    read: Vec<u8>,
}

/// A connection, be it plain or not.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Client {
    /// Connects, and says nothing yet.
    ///
    /// # Errors
    ///
    /// If nobody listens.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = in_time(dial(address)).await?;
        Ok(Self { peer: address, stream: Box::new(stream), read: Vec::new() })
    }

    /// The same with TLS, to a server of the kit.
    pub(super) async fn secured(address: SocketAddr) -> Result<Self> {
        let securing = async { tls::secure(dial(address).await?).await };
        let stream = in_time(securing).await?;
        Ok(Self { peer: address, stream: Box::new(stream), read: Vec::new() })
    }

    /// Sends a command, and waits for its reply.
    ///
    /// # Errors
    ///
    /// If the connection ends, no reply comes in 20 s, or what comes is none. A refusal is a reply.
    pub async fn command<A: AsRef<[u8]>>(
        &mut self,
        words: impl IntoIterator<Item = A>,
    ) -> Result<Reply> {
        self.send(words).await?;
        self.next().await
    }

    /// Sends a command, and does not wait.
    ///
    /// # Errors
    ///
    /// If the connection ended.
    pub async fn send<A: AsRef<[u8]>>(&mut self, words: impl IntoIterator<Item = A>) -> Result<()> {
        let bytes = written(words);
        in_time(self.stream.write_all(&bytes)).await
    }

    /// Waits for the next reply, or for what a subscription brings.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub async fn next(&mut self) -> Result<Reply> {
        loop {
            let read = Reply::read(&self.read);
            if let Some((reply, length)) =
                read.map_err(|what| Error::new(ErrorKind::InvalidData, what))?
            {
                self.read.drain(..length);
                return Ok(reply);
            }
            if in_time(self.stream.read_buf(&mut self.read)).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("peer", &self.peer).finish_non_exhaustive()
    }
}

async fn dial(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn written<A: AsRef<[u8]>>(words: impl IntoIterator<Item = A>) -> Vec<u8> {
    let (mut count, mut body) = (0, Vec::new());
    for word in words {
        let word = word.as_ref();
        count += 1;
        body.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        body.extend_from_slice(word);
        body.extend_from_slice(b"\r\n");
    }
    [format!("*{count}\r\n").into_bytes(), body].concat()
}

async fn in_time<T>(what: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(DEADLINE, what).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}
