//! An HTTP/1 client that may send broken bytes.
//!
//! It writes what it is given, byte for byte, and reads what comes: interim responses one by one, bodies
//! by length, in chunks or until the server closes. It is lenient about what it reads and clear about
//! what it misses: whatever does not come within the deadline (5 seconds, of real time) panics with what
//! was awaited and what came instead. Do not pause tokio's clock: it would jump to the deadline at once.
//!
//! ```
//! use buttress_testkit::raw::{Connection, Framing};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = TcpListener::bind("127.0.0.1:0").await?;
//! let mut client = Connection::connect(server.local_addr()?).await;
//! let (mut served, _) = server.accept().await?;
//!
//! client.send("GET / HTTP/9.9\r\n\r\n").await;
//! assert_eq!(served.read(&mut [0; 64]).await?, 18);
//! served.write_all(b"HTTP/1.1 505 No\r\nContent-Length: 5\r\n\r\nnever").await?;
//! drop(served);
//!
//! let response = client.response().await;
//! assert_eq!((response.status(), response.text()), (505, "never".into()));
//! assert_eq!(response.framing(), Framing::Length);
//! assert!(client.is_closed().await);
//! # Ok(())
//! # }
//! ```

mod connection;
mod reading;
mod response;

pub use self::connection::Connection;
pub use self::response::{Framing, Response};
