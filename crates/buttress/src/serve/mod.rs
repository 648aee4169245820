//! A server that survives hostile clients, and drops nothing on its way down.
//!
//! It handles what no layer can, because it happens below all layers: clients that are slow on purpose, connections
//! that are never used, floods, and the end of the process. On hyper and tokio, for HTTP/1.1 and HTTP/2.
//!
//! ```
//! use axum::{Router, routing::get};
//! use buttress::serve::Server;
//! # use buttress_testkit::raw::Connection;
//! # use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! let app = Router::new().route("/", get(|| async { "hello" }));
//!
//! // With the defaults: `buttress::serve(listener, app).await?`
//! let server = Server::builder()
//!     .connections_per_address(100)
//!     .on_drain(|| println!("readiness says no from here on"))
//!     .hook("flush telemetry", || async { /* … */ })
//! #   .lead_time(Duration::ZERO)
//!     .build()?;
//! # let shutdown = server.handle();
//! # let client = tokio::spawn(async move {
//! #     let mut client = Connection::connect(address).await;
//! #     client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
//! #     let response = client.response().await;
//! #     shutdown.begin();
//! #     response.text().into_owned()
//! # });
//!
//! let report = server.serve(listener, app).await; // until SIGTERM, SIGINT or a handle
//! assert_eq!((report.requests(), report.aborted_requests()), (1, 0));
//! # assert_eq!(client.await?, "hello");
//! # Ok(())
//! # }
//! ```
//!
//! `app` is an axum `Router`, tonic's `Routes`, or any [`tower_service::Service`] of requests with a
//! [`RequestBody`] that can be cloned. A request has in its extensions the
//! [`PeerAddress`](buttress_core::PeerAddress) of its client, axum's `ConnectInfo` (feature `axum`), and the
//! [`Shutdown`] for answers that would never end.
//!
//! # Guarantees
//!
//! - **Every connection has an end**, whatever the client does. No request head in time, no request at all, a body that
//!   trickles in either direction, frames that bring nothing, a connection that does not close: each has a limit that
//!   is on by default, and nothing that a client says switches it off. Three exceptions are the application's: the time
//!   its handlers take, what it upgrades to another protocol, and the bodies of requests that it
//!   [allows to be silent](ServerBuilder::silent_streams).
//! - **Memory is bounded** by the number of connections times what one may hold: a head (32 KiB), what is read ahead
//!   and buffered of a body (64 KiB each way), and under HTTP/2 the connection's window (1 MiB), and for each stream a
//!   head and a send buffer (96 KiB × 100). Heads that are too long are there, too, until they are refused: of HTTP/2
//!   up to four times as long, and one whose end has not come. The pieces in which the application hands its answers
//!   over are extra, for as long as their reader takes them: no more is asked for while that much waits to be taken.
//! - **No client is served at another's cost.** One client has at most its share of connections. At the limit of all,
//!   accepting waits, and the system's queue holds new ones: none is turned away that might be served a moment later.
//!   Clients without an answer yet do not stand in front of those that had one: of a crowd that comes at once four have
//!   a turn, or a sixty-fourth, before everybody else has one; by client, in turns.
//! - **Ambiguous heads are refused**: two `Host` fields, one that is no host or names another server than the target
//!   does, a target with a user, `Content-Length` beside `Transfer-Encoding`, a bare line feed in a head. The answer is
//!   400, and an HTTP/1 connection closes.
//! - **An answer that is the last says so** (`Connection: close`, HTTP/1): also one that stands in front of a body which
//!   nobody reads to its end. A client that still sends then comes to read it: what it sends is thrown away, within
//!   [bounds](ServerBuilder::linger), before the connection closes.
//! - **The end comes in phases, each bounded**: see [`Phase`]. Requests that have begun are finished, or cut off and
//!   counted; [`Report::exit_code`] says which. An answer has ended when the system, or TLS, has taken its last byte;
//!   of HTTP/2, the library may hold 16 KiB of all of them by then.
//! - **No task outlives the server**, except those the application starts, and a handler that holds its thread. Hooks
//!   run when all others are gone, those of HTTP/2's streams among them.
//! - **Failures are told**: an error that the service returns instead of an answer, a body that breaks off, a head that
//!   HTTP/1 does not allow, a status (1xx) that is no answer, a body that ends before its `Content-Length`. The client
//!   has no whole answer, so one line of the log, a metric and the [`Report`] say so. What a client does to its own
//!   request is no failure.
//!
//! # Cancellation
//!
//! Dropping the future of [`Server::serve`] closes the listener and every connection at once, and drops the handlers;
//! hooks do not run, and handlers that wait for the [end](Shutdown::closing) hear of it. An upgraded connection is the
//! application's: it is cut off, but its socket closes when the task that has it next touches it. When a client goes
//! away, the future of its handler is dropped. Over HTTP/1 a client that closes its half of the connection counts as
//! gone, and gets no answer, since nothing tells it from one that has closed both.
//!
//! # Cost
//!
//! A connection: one task, one allocation for what its parts share, its timer; until a first answer has ended, a lock
//! at each of its turns, and at every fourth one more look at the system for news. A request: what its extensions
//! take (a map, and an entry for each of the three above), and one more allocation under HTTP/2, or for an answer of
//! several pieces. The bytes of a head are looked at once more, for its line ends; those of a body are not, but for the
//! sizes of chunks and the headers of frames. A deadline that moves costs no timer: it is set again when it has passed.
//!
//! # Errors
//!
//! Wrong settings are a [`BuildError`](buttress_core::BuildError), all at once. An error of a connection is its own and
//! ends only that; a limit that was used is counted (see [`CATALOGUE`]) and logged at debug level, to the target
//! `buttress`, also where the HTTP library keeps it. An error while accepting is logged, and accepting pauses for 10 ms
//! to 1 s.
//!
//! Refusals below the application have a bare status and no body, since no wall has seen them: 400, 414 and 431, by
//! this module or by the HTTP library. Everything else that ends a connection says nothing.
//!
//! # What it does not do
//!
//! - A request without `Host` is served, as many health checks send none.
//! - `Transfer-Encoding: gzip, chunked` is taken for `chunked`, as the library does; other codings are refused.
//! - Behind an answer that stands in front of an unread body the connection is closed at once: a client that goes on
//!   sending may lose the answer.
//! - Over HTTP/2 a head more than four times as long as allowed is refused by the library (RFC 9113, section 10.5.1): a
//!   431, whatever was too long, and not counted. One more than sixteen times as long ends the connection, as does one
//!   in many more pieces than it needs; that is counted.
//! - It cannot tell a gRPC stream, whose client may have nothing to say for hours, from a body that a hostile client
//!   holds back: both are given up, until you name the calls that may be silent in
//!   [`silent_streams`](ServerBuilder::silent_streams). Streams of answers need no setting.
//! - The end of an answer that waits in HTTP/2's own buffer (at most the send buffer) is given up with the connection,
//!   not with the stream: when nothing else is under way, and its reader has taken nothing for too long.
//! - The age of a connection ends no request that is under way, and no upgraded connection.
//! - HTTP/1 has no word for "no more requests" on an idle connection. One that idles through the whole lead time is
//!   closed after it; a client that sends at that very moment sees its connection close, and has to send again. So make
//!   the lead time longer than the pauses of your clients.
//! - Nothing can cut off a handler that holds its thread. The server ends all the same, a second after the grace
//!   period, and says so in the log; but a runtime waits for its threads when it is dropped, those of `spawn_blocking`
//!   included. Leave with `Runtime::shutdown_background` or [`std::process::exit`].
//! - Windows has no signals, but the events of a console. The shutdown of the machine, or of the container, is as
//!   `SIGTERM`; Ctrl-C, Ctrl-Break and closing the console's window are as `SIGINT`. About five seconds after the
//!   window was closed Windows ends the process, whatever is under way. Who is started in a process group of its own
//!   gets no Ctrl-C: stop it with Ctrl-Break.

mod accepting;
mod addresses;
mod ahead;
mod alarm;
mod answer;
mod app;
mod authority;
mod backoff;
mod body;
mod body_error;
mod both;
mod budget;
mod builder;
mod cause;
mod connection;
mod descriptors;
mod detect;
mod door;
mod drive;
mod ending;
mod failure;
mod frames;
mod framing;
mod head;
mod hooks;
mod leaving;
mod limits;
mod lingering;
mod link;
mod listener;
mod meters;
mod newcomer;
mod newcomers;
mod news;
mod opening;
mod outcome;
mod pace;
mod parts;
mod phase;
mod piece;
mod protocols;
pub mod proxy;
mod queue;
mod report;
mod round;
mod running;
#[doc(hidden)]
pub mod scanning;
mod server;
mod settings;
mod signals;
mod silent;
mod stream;
#[cfg(feature = "systemd")]
pub mod systemd;
mod target;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod turn;
mod vigil;
mod wire;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

pub use self::body::RequestBody;
pub use self::body_error::BodyError;
pub use self::both::{Both, Either};
pub use self::builder::ServerBuilder;
pub use self::listener::Listener;
pub use self::meters::CATALOGUE;
pub use self::phase::Phase;
pub use self::report::{Aborted, Report};
pub use self::server::Server;
pub use self::settings::{Http2Settings, ServerSettings};
pub use self::token::Shutdown;

/// Serves `app` with the defaults, until `SIGTERM` or `SIGINT`. See the [module](mod@self) and [`Server`].
///
/// In a `main` that returns its error, the exit status says whether requests were cut off:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// async fn run(app: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
///     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
///     let report = buttress::serve(listener, app).await?;
///     println!("{report}");
///     Ok(())
/// }
/// # drop(run(axum::Router::new()));
/// # }
/// ```
///
/// # Errors
///
/// Fails if something had to be cut off at the end.
pub async fn serve<L, S, B>(listener: L, app: S) -> Result<Report, Aborted>
where
    L: Listener,
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Server::default().serve(listener, app).await.into_result()
}
