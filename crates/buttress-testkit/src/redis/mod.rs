//! Real servers, which a test may break.
//!
//! - [`Server`]: one, with whatever settings, for as long as the value lives.
//! - [`Sentinels`]: a master, its replicas, and three that watch them.
//! - [`Cluster`]: three primaries with a replica each.
//! - [`Engine`]: which server that is. A run names the engines it covers, in `BUTTRESS_TEST_ENGINES`.
//! - [`Client`]: the few commands that a test sends beside the client under test.
//!
//! Each server listens on a free port of 127.0.0.1 and on a unix socket, in a temporary folder, and keeps nothing
//! on disk. It ends with its value, and also if the test process is killed: a shell watches over it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use buttress_testkit::redis::{Reply, Server};
//!
//! let server = Server::start().await;
//! assert_eq!(server.command(["INCR", "visits"]).await, Reply::Integer(1));
//!
//! server.kill();
//! server.restart().await;
//! assert_eq!(server.command(["GET", "visits"]).await, Reply::Nil);
//! # }
//! ```
//!
//! What waits, waits in real time and with a deadline. Do not pause tokio's clock: it would jump to the deadline at
//! once.

mod builder;
mod client;
mod cluster;
mod engine;
mod place;
mod reply;
mod sentinels;
mod server;
mod tls;
mod watchdog;

pub use self::builder::Builder;
pub use self::client::Client;
pub use self::cluster::Cluster;
pub use self::engine::Engine;
pub use self::reply::Reply;
pub use self::sentinels::Sentinels;
pub use self::server::Server;
