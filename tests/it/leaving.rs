//! A client that leaves: what was taken for it is given back, wherever its request stands.

use std::convert::Infallible;
use std::future::pending;

use axum::body::Body;
use axum::{Router, routing::get};
use buttress::Inbound;
use buttress_testkit::body::Frames;
use buttress_testkit::raw::Connection;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::{Layer, service_fn};

use crate::support::{
    Client, Endless, Flights, Host, Protocol, Server, guarded, head, http2, prompt, serve_axum,
    serve_hyper, serve_ours, soon,
};

#[tokio::test]
async fn in_the_middle_of_a_body() {
    for host in Host::ALL {
        let events = || guarded(Frames::new().data("one").hold().of_unknown_size());
        let (body, gone) = events();
        let server = host.give(body).await;
        let mut client = Connection::connect(server.address()).await;
        client.send("GET /events HTTP/1.1\r\nhost: test\r\n\r\n").await;
        head(&mut client).await;
        assert_eq!(client.read(8).await, b"3\r\none\r\n");
        drop(client);
        gone.wait().await;
        server.stop().await;

        let (body, gone) = events();
        let server = host.give(body).await;
        let mut client = http2(&server).await;
        let uri = format!("http://{}/events", server.address());
        let asking = client.send_request(Request::get(uri).body(Frames::new()).unwrap());
        let mut body = soon("the head", asking).await.unwrap().into_body();
        assert!(soon("the first frame", body.frame()).await.is_some());
        // The stream ends, the connection stays.
        drop(body);
        gone.wait().await;
        let mut client = Client::Http2(client, server.address());
        assert_eq!(client.get("/refused").await.status(), 403);
        drop(client);
        server.stop().await;
    }
}

async fn patient(host: Host, flights: Flights) -> Server {
    let wall = Inbound::builder().then(flights).then(Endless).build().unwrap();
    let app = Router::new().route("/", get("hello")).route("/work", get(pending::<()>));
    match host {
        Host::Axum => serve_axum(app.layer(wall)).await,
        Host::AxumKeepingBody => serve_axum(app.layer(wall.keep_body())).await,
        Host::Hyper => serve_hyper(wall.layer(service_fn(work))).await,
        Host::Ours => serve_ours(prompt(), app.layer(wall)).await.0,
    }
}

async fn work(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/work" {
        pending::<()>().await;
    }
    Ok(Response::new("hello".into()))
}

/// `/endless` is held by a stage that waits, `/work` by the handler.
#[tokio::test]
async fn while_a_stage_waits_and_while_the_handler_works() {
    for host in Host::ALL {
        let flights = Flights::new();
        let server = patient(host, flights.clone()).await;
        for path in ["/endless", "/work"] {
            let mut client = Connection::connect(server.address()).await;
            client.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
            flights.reach(1).await;
            drop(client);
            flights.reach(0).await;

            let client = http2(&server).await;
            let uri = format!("http://{}{path}", server.address());
            let request = Request::get(uri).body(Frames::new()).unwrap();
            let asking = tokio::spawn(client.clone().send_request(request));
            flights.reach(1).await;
            // The stream is reset; the connection stays.
            asking.abort();
            flights.reach(0).await;
            let mut client = Client::Http2(client, server.address());
            assert_eq!(client.get("/").await.body(), b"hello");
        }
        server.stop().await;
    }
}

/// Many at once, half of whom leave.
#[tokio::test]
async fn others_are_not_touched() {
    let flights = Flights::new();
    let server = patient(Host::Axum, flights.clone()).await;
    let mut staying = Client::connect(Protocol::Http1, &server).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = Connection::connect(server.address()).await;
        client.send("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n").await;
        clients.push(client);
    }
    flights.reach(20).await;
    clients.truncate(10);
    flights.reach(10).await;
    assert_eq!(staying.get("/").await.body(), b"hello");
    drop(clients);
    flights.reach(0).await;
    server.stop().await;
}
