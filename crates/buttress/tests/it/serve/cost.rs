//! What a request costs beyond the HTTP library alone, counted.

use std::convert::Infallible;
use std::net::SocketAddr;

use buttress::serve::{RequestBody, Server};
use buttress_testkit::allocations;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tower::service_fn;

use super::rig::Pipes;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\naccept: */*\r\n\r\n";

/// Has the request until it answers, as services do: the library cannot use its buffer again meanwhile.
fn hello<B>(request: Request<B>) -> Response<Full<Bytes>> {
    drop(request);
    Response::new(Full::from("hello"))
}

async fn ask(pipe: &mut DuplexStream) {
    pipe.write_all(ASK).await.unwrap();
    let (mut answer, mut length) = ([0; 512], 0);
    while !answer[..length].ends_with(b"hello") {
        length += pipe.read(&mut answer[length..]).await.unwrap();
    }
}

/// Allocations for each request of a connection that has served some already.
fn for_each_request(runtime: &Runtime, mut pipe: DuplexStream) -> u64 {
    runtime.block_on(async {
        for _ in 0..50 {
            ask(&mut pipe).await;
        }
    });
    let ((), count) = allocations::of(|| {
        runtime.block_on(async {
            for _ in 0..100 {
                ask(&mut pipe).await;
            }
        });
    });
    count.allocations() / 100
}

#[test]
fn a_request_allocates_for_its_extensions_and_nothing_else() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (ours, theirs) = tokio::io::duplex(4_096);
    let alone = hyper::service::service_fn(|request: Request<Incoming>| async {
        Ok::<_, Infallible>(hello(request))
    });
    runtime.spawn(
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(theirs), alone),
    );
    let alone = for_each_request(&runtime, ours);

    let server = Server::builder().signals(false).build().unwrap();
    let (sender, pipes) = mpsc::unbounded_channel();
    let (ours, theirs) = tokio::io::duplex(4_096);
    sender.send((theirs, Some(SocketAddr::from(([192, 0, 2, 1], 1))))).unwrap();
    let app =
        service_fn(|request: Request<RequestBody>| async { Ok::<_, Infallible>(hello(request)) });
    runtime.spawn(server.serve(Pipes(pipes), app));
    let ours = for_each_request(&runtime, ours);
    // The map and its table; the peer, axum's word for it, and the shutdown.
    assert_eq!(ours - alone, 5, "{ours} with the server, {alone} without");
}
