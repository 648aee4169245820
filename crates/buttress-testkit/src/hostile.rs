//! Clients that hold on to a server and bring it nothing.
//!
//! Each is one connection that goes on until the server ends it: so that it returns at all is what a test
//! asks for.
//!
//! ```
//! use buttress_testkit::hostile::Attack;
//! use std::time::Duration;
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = TcpListener::bind("127.0.0.1:0").await?;
//! let attack = tokio::spawn(Attack::Silent.run(server.local_addr()?, Duration::from_millis(5)));
//!
//! let (served, _) = server.accept().await?;
//! assert!(!attack.is_finished());
//! drop(served);
//! attack.await?;
//! # Ok(())
//! # }
//! ```

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::yield_now;
use tokio::time::timeout;

/// What a hostile client does. Those that ask for something ask for `/endless`, or post to `/echo`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Attack {
    /// Connects, and says nothing.
    Silent,
    /// Half of a head.
    HalfHead,
    /// Half of HTTP/2's preface.
    HalfPreface,
    /// A head, byte by byte.
    Trickle,
    /// A body, byte by byte.
    SlowBody,
    /// A body that stops.
    HalfBody,
    /// Takes an endless answer byte by byte.
    SlowReader,
    /// The whole preface, and nothing after it.
    SilentHttp2,
    /// A body over HTTP/2, byte by byte, that calls itself a stream of gRPC.
    SlowBodyHttp2,
    /// An endless answer over HTTP/2, whose window is never opened again.
    ClosedWindow,
    /// Half of a head over HTTP/2.
    HalfHeadHttp2,
    /// Pings without an end.
    Pings,
    /// Settings without an end.
    Settings,
    /// Empty pieces of a body without an end.
    EmptyData,
    /// Empty pieces of a head without an end.
    Continuations,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The rest of a head: `content-type: application/grpc`, by its place in the static table.
const GRPC: &[u8] = b"\0\0\x13\x09\x04\0\0\0\x01\x0f\x10\x10application/grpc";

impl Attack {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Silent,
        Self::HalfHead,
        Self::HalfPreface,
        Self::Trickle,
        Self::SlowBody,
        Self::HalfBody,
        Self::SlowReader,
        Self::SilentHttp2,
        Self::SlowBodyHttp2,
        Self::ClosedWindow,
        Self::HalfHeadHttp2,
        Self::Pings,
        Self::Settings,
        Self::EmptyData,
        Self::Continuations,
    ];

    /// Goes on, with a pause of `pace` between bytes, until the server has closed the connection.
    pub async fn run(self, server: SocketAddr, pace: Duration) {
        let Some(mut stream) = self.connect(server).await else { return };
        if stream.write_all(&self.first()).await.is_err() {
            return;
        }
        let again = self.again();
        let mut room = vec![0; if self == Self::SlowReader { 1 } else { 4_096 }];
        loop {
            if self.pauses(&mut stream, &mut room, pace).await {
                return;
            }
            if stream.write_all(&again).await.is_err() {
                return;
            }
        }
    }

    async fn connect(self, server: SocketAddr) -> Option<TcpStream> {
        let socket = match server {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.ok()?;
        if self == Self::SlowReader {
            // So that the server sees at once that nobody reads.
            socket.set_recv_buffer_size(4_096).ok()?;
        }
        socket.connect(server).await.ok()
    }

    /// Waits, or reads; whether the server has closed.
    async fn pauses(self, stream: &mut TcpStream, room: &mut [u8], pace: Duration) -> bool {
        match self {
            Self::Pings | Self::Settings | Self::EmptyData | Self::Continuations => {
                yield_now().await;
                loop {
                    match stream.try_read(room) {
                        Ok(0) => return true,
                        Ok(_) => {}
                        Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
                    }
                }
            }
            Self::SlowReader => {
                let _ = timeout(pace, pending::<()>()).await;
                !matches!(stream.read(room).await, Ok(1))
            }
            _ => loop {
                match timeout(pace, stream.read(room)).await {
                    Ok(Ok(0) | Err(_)) => return true,
                    Ok(Ok(_)) => {}
                    Err(_) => return false,
                }
            },
        }
    }

    fn first(self) -> Vec<u8> {
        let post = b"POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n";
        match self {
            Self::Silent | Self::Trickle => Vec::new(),
            Self::HalfHead => b"GET / HTTP/1.1\r\nhost: te".to_vec(),
            Self::HalfPreface => PREFACE[..12].to_vec(),
            Self::SlowBody | Self::HalfBody => post.to_vec(),
            Self::SlowReader => b"GET /endless HTTP/1.1\r\nhost: test\r\n\r\n".to_vec(),
            Self::SilentHttp2 | Self::Pings | Self::Settings => PREFACE.to_vec(),
            Self::ClosedWindow => [PREFACE, &head(5, b"/endless")].concat(),
            Self::SlowBodyHttp2 => [PREFACE, &head(0, b"/echo"), GRPC].concat(),
            Self::EmptyData => [PREFACE, &head(4, b"/echo")].concat(),
            Self::HalfHeadHttp2 => [PREFACE, &head(0, b"/")[..14]].concat(),
            Self::Continuations => [PREFACE, &head(0, b"/")].concat(),
        }
    }

    fn again(self) -> Vec<u8> {
        match self {
            Self::Trickle | Self::SlowBody => b"G".to_vec(),
            // A reader finds out that the server has gone when what it sends is answered by a reset.
            Self::SlowReader => b"\r".to_vec(),
            Self::SlowBodyHttp2 => b"\0\0\x01\0\0\0\0\0\x01G".to_vec(),
            Self::Pings => b"\0\0\x08\x06\0\0\0\0\0pingpong".repeat(64),
            Self::Settings => b"\0\0\0\x04\0\0\0\0\0".repeat(64),
            Self::EmptyData => b"\0\0\0\0\0\0\0\0\x01".repeat(64),
            Self::Continuations => b"\0\0\0\x09\0\0\0\0\x01".repeat(64),
            _ => Vec::new(),
        }
    }
}

/// A `HEADERS` frame of stream 1: `POST` to `path`, or `GET` if the flags say that nothing follows.
fn head(flags: u8, path: &[u8]) -> Vec<u8> {
    let method = if flags & 1 == 0 { 0x83 } else { 0x82 };
    let short = u8::try_from(path.len()).expect("a short path");
    let fields = [&[method, 0x86, 0x04, short][..], path, b"\x41\x04test"].concat();
    let length = u8::try_from(fields.len()).expect("a short head");
    [&[0, 0, length, 1, flags, 0, 0, 0, 1][..], &fields].concat()
}
