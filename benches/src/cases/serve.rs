//! A request from its first byte to the last of its answer: what a server costs, below all layers.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use axum::Router;
use axum::routing;
use buttress::serve::{Listener, RequestBody, Server, ServerBuilder};
use buttress_core::sync::Lock;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

use crate::{Budget, Case, Hello, Run};

const SERVICE: &str = "a request over a connection, bare service";
const ROUTER: &str = "a request over a connection, axum router";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![
        Case::bare(SERVICE, over_a_connection(hyper_alone)),
        Case::ours(SERVICE, over_a_connection(|pipe| ours(Server::builder(), pipe, Hello)))
            .within(Budget::new(3_031, 6)),
        Case::peer(
            SERVICE,
            "ours, bare line feeds",
            over_a_connection(|pipe| {
                ours(Server::builder().refuse_bare_line_feeds(false), pipe, Hello)
            }),
        ),
        Case::bare(ROUTER, over_a_connection(axum_serve)),
        Case::ours(ROUTER, over_a_connection(|pipe| ours(Server::builder(), pipe, router())))
            .within(Budget::new(3_430, 4)),
    ]
}

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nhost: example.org\r\nuser-agent: curl/8\r\naccept: */*\r\n\r\n";

/// A server and its client in one thread, and one connection that is kept: the same request again and again.
fn over_a_connection<F: Future<Output = ()> + Send + 'static>(serve: fn(DuplexStream) -> F) -> Run {
    let client = Lock::new(None::<Client>);
    Box::new(move |times| client.lock().get_or_insert_with(|| Client::of(serve)).send(times))
}

struct Client {
    runtime: Runtime,
    pipe: DuplexStream,
}

impl Client {
    fn of<F: Future<Output = ()> + Send + 'static>(serve: fn(DuplexStream) -> F) -> Self {
        #[expect(clippy::expect_used, reason = "without a runtime there is nothing to measure")]
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (pipe, theirs) = tokio::io::duplex(64 * 1024);
        runtime.spawn(serve(theirs));
        Self { runtime, pipe }
    }

    fn send(&mut self, times: u64) {
        let pipe = &mut self.pipe;
        let asked = self.runtime.block_on(async {
            for _ in 0..times {
                pipe.write_all(REQUEST).await?;
                let mut room = [0; 512];
                let mut have = 0;
                while !room[..have].ends_with(b"\r\n\r\nhello") {
                    have += match pipe.read(&mut room[have..]).await? {
                        0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                        more => more,
                    };
                }
            }
            io::Result::Ok(())
        });
        assert!(asked.is_ok(), "the server did other work than the case means: {asked:?}");
    }
}

async fn hyper_alone(pipe: DuplexStream) {
    let hello = service_fn(|request: Request<Incoming>| Hello.call(request));
    let mut library = http1::Builder::new();
    library.timer(TokioTimer::new());
    drop(library.serve_connection(TokioIo::new(pipe), hello).await);
}

async fn ours<S, B>(server: ServerBuilder, pipe: DuplexStream, app: S)
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Ok(server) = server.signals(false).build() else { return };
    let _ = server.serve(One(Some(pipe)), app).await;
}

async fn axum_serve(pipe: DuplexStream) {
    drop(axum::serve(One(Some(pipe)), router()).await);
}

fn router() -> Router {
    Router::new().route("/", routing::get(|| async { "hello" }))
}

/// Where one connection comes from.
struct One(Option<DuplexStream>);

impl Listener for One {
    type Io = DuplexStream;

    fn poll_accept(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<(DuplexStream, Option<SocketAddr>)>> {
        match self.0.take() {
            Some(pipe) => Poll::Ready(Ok((pipe, Some(peer())))),
            None => Poll::Pending,
        }
    }
}

impl axum::serve::Listener for One {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.0.take() {
            Some(pipe) => (pipe, peer()),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(peer())
    }
}

fn peer() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 7], 4000))
}
