//! A TCP proxy that a test may make a bad network of.
//!
//! - [`Proxy`]: between a client and whatever address. Its faults are switched while connections are open.
//! - [`Direction`]: which half of a connection a fault is about.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use buttress_testkit::proxy::{Direction, Proxy};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! let server = TcpListener::bind("127.0.0.1:0").await?;
//! let proxy = Proxy::to(server.local_addr()?).await;
//! let mut client = TcpStream::connect(proxy.address()).await?;
//! let (mut served, _) = server.accept().await?;
//!
//! proxy.cut_after(Direction::Replies, 3);
//! served.write_all(b"+PONG\r\n").await?;
//! let mut read = String::new();
//! client.read_to_string(&mut read).await?;
//! assert_eq!(read, "+PO");
//!
//! proxy.heal().await;
//! proxy.refuse().await;
//! assert!(TcpStream::connect(proxy.address()).await.is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Time passes for real here: do not pause tokio's clock.

mod connection;
mod faults;
mod listening;
mod pump;
mod shared;
mod switches;

pub use self::faults::Direction;
pub use self::switches::Proxy;
