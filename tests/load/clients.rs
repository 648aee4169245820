//! Clients as people write them: they keep connections, believe a close when they see it, and repeat only
//! what was not sent.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::pause;

type Failure = String;
type Outgoing = Either<Full<Bytes>, Pieces>;

/// What became of the requests.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) stop: AtomicBool,
    pub(crate) served: AtomicU64,
    pub(crate) failures: buttress::sync::Lock<Vec<Failure>>,
}

impl Tally {
    fn note(&self, who: &str, result: Result<(), Failure>) {
        match result {
            Ok(()) => drop(self.served.fetch_add(1, Relaxed)),
            Err(error) => self.failures.lock().push(format!("{who}: {error}")),
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Relaxed)
    }
}

fn told(what: &str) -> impl Fn(hyper::Error) -> Failure {
    move |error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{what}: {error} ({source:?})")
    }
}

async fn stream(server: SocketAddr) -> Result<TokioIo<TcpStream>, Failure> {
    let stream = TcpStream::connect(server).await.map_err(|error| format!("connect: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(TokioIo::new(stream))
}

/// A body that comes in pieces.
pub(super) struct Pieces(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

fn pieces() -> Pieces {
    let (send, receive) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for _ in 0..8 {
            drop(send.send(Bytes::from_static(b"0123456789")));
            pause(Duration::from_millis(15)).await;
        }
    });
    Pieces(receive)
}

/// One after the other: a page, a slow answer, a slow question.
fn next(turn: u64, origin: &str) -> (Request<Outgoing>, usize) {
    let request =
        |path: &str| Request::builder().uri(format!("{origin}{path}")).header("host", "test");
    match turn % 6 {
        3 => (request("/slow").body(Either::Left(Full::default())).unwrap(), 60),
        5 => (request("/echo").method("POST").body(Either::Right(pieces())).unwrap(), 80),
        _ => (request("/").body(Either::Left(Full::default())).unwrap(), 5),
    }
}

async fn read(response: Response<Incoming>, length: usize) -> Result<(), Failure> {
    let status = response.status();
    let body = response.into_body().collect().await.map_err(told("the answer broke off"))?;
    let body = body.to_bytes();
    if status == 200 && body.len() == length { Ok(()) } else { Err(format!("{status}, {body:?}")) }
}

/// Keeps a connection of HTTP/1.1, and asks again and again.
pub(crate) async fn http1(server: SocketAddr, tally: &Tally) {
    let mut turn = 0;
    while tally.goes_on() {
        if let Err(error) = http1_connection(server, tally, &mut turn).await {
            tally.note("http1", Err(error));
        }
    }
}

async fn http1_connection(
    server: SocketAddr,
    tally: &Tally,
    turn: &mut u64,
) -> Result<(), Failure> {
    let (mut sender, connection) =
        http1::handshake(stream(server).await?).await.map_err(told("handshake"))?;
    tokio::spawn(connection);
    while tally.goes_on() && sender.ready().await.is_ok() {
        let (request, length) = next(*turn, "");
        let response = match sender.try_send_request(request).await {
            Ok(response) => response,
            // It was not sent: the connection was closed before.
            Err(error) if error.message().is_some() => return Ok(()),
            Err(error) => return Err(told("no answer")(error.into_error())),
        };
        tally.note("http1", read(response, length).await);
        *turn += 1;
        pause(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Keeps a connection of HTTP/2, and asks several things at a time.
pub(crate) async fn http2(server: SocketAddr, tally: &Tally) {
    let mut turn = 0;
    while tally.goes_on() {
        if let Err(error) = http2_connection(server, tally, &mut turn).await {
            tally.note("http2", Err(error));
        }
    }
}

async fn http2_connection(
    server: SocketAddr,
    tally: &Tally,
    turn: &mut u64,
) -> Result<(), Failure> {
    let handshake = http2::handshake(TokioExecutor::new(), stream(server).await?);
    let (sender, connection) = handshake.await.map_err(told("handshake"))?;
    tokio::spawn(connection);
    loop {
        let asking = (0..4).map(|at| ask(sender.clone(), tally, *turn + at));
        let asked = futures_of(asking.collect()).await;
        *turn += 4;
        if asked.contains(&false) || !tally.goes_on() {
            return Ok(());
        }
        pause(Duration::from_millis(5)).await;
    }
}

/// All of them, at a time.
async fn futures_of<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, output) in &mut futures {
            if output.is_none()
                && let Poll::Ready(done) = future.as_mut().poll(cx)
            {
                *output = Some(done);
            }
        }
        let done = futures.iter().all(|(_, output)| output.is_some());
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

/// Says whether the connection takes more.
async fn ask(mut sender: http2::SendRequest<Outgoing>, tally: &Tally, turn: u64) -> bool {
    let (request, length) = next(turn, "http://test");
    if sender.ready().await.is_err() {
        return false;
    }
    match sender.try_send_request(request).await {
        Ok(response) => {
            tally.note("http2", read(response, length).await);
            true
        }
        // Refused before it was looked at (RFC 9113, section 8.7), or never sent.
        Err(error) if error.message().is_some() => false,
        Err(error) if is_goodbye(error.error()) => false,
        Err(error) => {
            tally.note("http2", Err(told("no answer")(error.into_error())));
            false
        }
    }
}

/// The server had said goodbye, and has not looked at this one (RFC 9113, section 6.8): clients repeat it by
/// themselves, as reqwest does. That it was not looked at is asserted at the end: servers have seen as many
/// requests as were answered.
fn is_goodbye(error: &hyper::Error) -> bool {
    let source =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    source.is_some_and(|error| {
        error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
    })
}

/// Asks once, and keeps the connection until the server closes it.
pub(crate) async fn idler(server: SocketAddr, tally: &Tally) {
    while tally.goes_on() {
        let result = async {
            let (mut sender, connection) =
                http1::handshake(stream(server).await?).await.map_err(told("handshake"))?;
            let connection = tokio::spawn(connection);
            sender.ready().await.map_err(told("ready"))?;
            let (request, length) = next(0, "");
            let response = sender.send_request(request).await.map_err(told("no answer"))?;
            read(response, length).await?;
            let closed = connection.await.map_err(|error| error.to_string())?;
            closed.map_err(told("closed badly"))
        };
        tally.note("idler", result.await);
    }
}

/// Listens to events until the server says farewell.
pub(crate) async fn listener(server: SocketAddr, tally: &Tally) {
    while tally.goes_on() {
        let result = async {
            let (mut sender, connection) =
                http1::handshake(stream(server).await?).await.map_err(told("handshake"))?;
            tokio::spawn(connection);
            let request = Request::get("/events").header("host", "test");
            let request = request.body(Full::<Bytes>::default()).unwrap();
            let response = sender.send_request(request).await.map_err(told("no answer"))?;
            let body = response.into_body().collect().await.map_err(told("events broke off"))?;
            let events = body.to_bytes();
            if events.ends_with(b"data: bye\n\n") { Ok(()) } else { Err("no farewell".to_owned()) }
        };
        tally.note("listener", result.await);
    }
}
