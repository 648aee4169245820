//! The same wall on hyper alone, without a framework: `cargo run --example bare-hyper`.

use std::convert::Infallible;

use buttress::PeerAddress;
use buttress::prelude::*;
use buttress_examples::{Failure, Options, Try, try_all};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt, service_fn};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = Options::from_command_line()?;
    let listener = buttress_examples::listen(options, &tries()).await?;
    let address = listener.local_addr()?;

    let wall = Inbound::builder().build()?;
    buttress_examples::run(options, serve(listener, wall), try_all(address, tries())).await
}

async fn serve(listener: TcpListener, wall: Inbound) -> Result<(), Failure> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let service = wall.layer(service_fn(greet)).map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(PeerAddress::new(peer));
            request
        });
        tokio::spawn(connection(stream, service));
    }
}

/// HTTP/1.1 or HTTP/2, whichever the client speaks.
async fn connection<S, B>(stream: tokio::net::TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<Failure>> + Send + 'static,
{
    let service = TowerToHyperService::new(service);
    let server = auto::Builder::new(TokioExecutor::new());
    if let Err(error) = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await {
        eprintln!("a connection broke: {error}");
    }
}

async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/" {
        return Ok(Problem::new(Code::NOT_FOUND).render(request.context()).map(Full::new));
    }
    let client = request.context().and_then(RequestContext::client);
    let name = client.map_or_else(|| "stranger".to_owned(), |client| client.to_string());
    Ok(Response::new(Full::from(format!("Hello, {name}!\n"))))
}

fn tries() -> Vec<Try> {
    vec![
        Try::get("a greeting", "/")
            .expect("the client is known", |seen| seen.text == "Hello, 127.0.0.1!\n")
            .expect("there is an id", |seen| seen.header("x-request-id").len() == 36),
        Try::get("nothing there", "/nothing")
            .status(404)
            .expect("it is the family's shape", |seen| seen.is_problem("NOT_FOUND")),
        Try::get("a proxy that nobody trusts", "/")
            .header("x-forwarded-for", "203.0.113.7")
            .expect("its word is not taken", |seen| seen.text == "Hello, 127.0.0.1!\n"),
    ]
}
