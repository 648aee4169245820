//! A client for each protocol, and one for both.

use std::fmt::Write;
use std::net::SocketAddr;

use buttress::Code;
use buttress_testkit::body::Frames;
use buttress_testkit::raw::{self, Connection};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self as client, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{Server, soon};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) const BOTH: [Self; 2] = [Self::Http1, Self::Http2];
}

/// One connection, for requests one after the other.
pub(crate) enum Client {
    Http1(Connection),
    Http2(SendRequest<Frames>, SocketAddr),
}

impl Client {
    pub(crate) async fn connect(protocol: Protocol, server: &Server) -> Self {
        match protocol {
            Protocol::Http1 => Self::Http1(Connection::connect(server.address()).await),
            Protocol::Http2 => Self::Http2(http2(server).await, server.address()),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Bytes::new()).unwrap()).await
    }

    pub(crate) async fn ask(&mut self, mut request: Request<Bytes>) -> Answer {
        match self {
            Self::Http1(connection) => {
                connection.send(written(&request)).await;
                Answer::Http1(match *request.method() {
                    Method::HEAD => connection.response_to_head().await,
                    _ => connection.response().await,
                })
            }
            Self::Http2(sender, server) => {
                let uri = format!("http://{server}{}", request.uri());
                *request.uri_mut() = uri.parse().unwrap();
                let response = sender.send_request(request.map(Frames::from));
                Answer::of(soon("an answer", response).await.unwrap()).await
            }
        }
    }
}

/// As HTTP/1.1, with a `content-length` if there is a body.
fn written(request: &Request<Bytes>) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: test\r\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    if !request.body().is_empty() {
        write!(head, "content-length: {}\r\n", request.body().len()).unwrap();
    }
    [head.as_bytes(), b"\r\n", request.body()].concat()
}

/// The head of a response, up to the empty line, and no byte of what follows.
pub(crate) async fn head(connection: &mut Connection) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.append(&mut connection.read(1).await);
    }
    String::from_utf8(head).unwrap()
}

/// A connection of HTTP/2, without TLS.
pub(crate) async fn http2(server: &Server) -> SendRequest<Frames> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let shaking = client::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = soon("the handshake", shaking).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) enum Answer {
    Http1(raw::Response),
    Http2(Response<Bytes>, HeaderMap),
}

impl Answer {
    pub(crate) async fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = soon("the end of the answer", body.collect()).await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        Self::Http2(Response::from_parts(head, body.to_bytes()), trailers)
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Http1(response) => response.status(),
            Self::Http2(response, _) => response.status().as_u16(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        match self {
            Self::Http1(response) => response.header(name),
            Self::Http2(response, _) => text(response.headers(), name),
        }
    }

    pub(crate) fn trailer(&self, name: &str) -> Option<&str> {
        match self {
            Self::Http1(response) => response.trailer(name),
            Self::Http2(_, trailers) => text(trailers, name),
        }
    }

    pub(crate) fn body(&self) -> &[u8] {
        match self {
            Self::Http1(response) => response.body(),
            Self::Http2(response, _) => response.body(),
        }
    }

    /// The id, of which there must be one.
    pub(crate) fn id(&self) -> &str {
        let ids = match self {
            Self::Http1(response) => response.header_values("x-request-id").count(),
            Self::Http2(response, _) => response.headers().get_all("x-request-id").iter().count(),
        };
        assert_eq!(ids, 1, "not one id: {self:?}");
        self.header("x-request-id").unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body()).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// That it is the family's envelope, with this code, its status and the id of the request.
    pub(crate) fn assert_problem(&self, code: Code) {
        let error = &self.json()["error"];
        assert_eq!(self.status(), code.status().as_u16(), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(error["code"], code.name(), "{self:?}");
        assert_eq!(error["correlationId"], self.id(), "{self:?}");
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}
