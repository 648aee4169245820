//! The same server, over TLS.

mod ending;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use buttress::sync::Lock;
use buttress_testkit::paused::pass;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::rig::{Rig, request, seconds, server, soon};

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("certificate.pem")).unwrap()
}

fn key() -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(include_bytes!("key.pem")).unwrap()
}

pub(super) fn config() -> ServerConfig {
    let config = ServerConfig::builder().with_no_client_auth();
    config.with_single_cert(vec![certificate()], key()).unwrap()
}

fn rig() -> Rig {
    Rig::of(server().tls(config()))
}

async fn connect(rig: &Rig, protocol: &str) -> TokioIo<TlsStream<DuplexStream>> {
    TokioIo::new(shake(rig.connect().pipe, protocol).await.unwrap())
}

/// A client that offers `protocol`, and trusts the test certificate.
async fn shake<I>(io: I, protocol: &str) -> std::io::Result<TlsStream<I>>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let connector = TlsConnector::from(Arc::new(trusting(protocol)));
    let stream = connector.connect("test".try_into().unwrap(), io).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    Ok(stream)
}

fn trusting(protocol: &str) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    config
}

#[tokio::test(start_paused = true)]
async fn both_protocols_are_spoken_and_the_end_is_clean() {
    let rig = rig();
    let (mut one, connection) = http1::handshake(connect(&rig, "http/1.1").await).await.unwrap();
    tokio::spawn(connection);
    let (mut two, connection) =
        http2::handshake(TokioExecutor::new(), connect(&rig, "h2").await).await.unwrap();
    tokio::spawn(connection);
    let mut get = request("/");
    *get.uri_mut() = "/".parse().unwrap();
    get.headers_mut().insert("host", "test".parse().unwrap());
    let answer: Bytes = one.send_request(get).await.unwrap().collect().await.unwrap().to_bytes();
    assert_eq!(answer, "hello");
    let large = Bytes::from(vec![7; 1 << 20]);
    let post = http::Request::post("http://test/echo").body(Full::new(large.clone())).unwrap();
    let answer = two.send_request(post).await.unwrap().collect().await.unwrap().to_bytes();
    assert_eq!(answer, large);
    let report = rig.end().await;
    assert!(report.is_clean());
    assert_eq!(report.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_the_deadline_of_a_head() {
    let rig = rig();
    let mut silent = rig.connect();
    assert_eq!(silent.closed_after().await, 10);
    let mut half = rig.connect();
    // The beginning of a ClientHello.
    half.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    assert_eq!(half.closed_after().await, 10);
    let mut plain = rig.connect();
    plain.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert!(!plain.rest().await.contains("HTTP/1.1"), "an alert of TLS, at most");
    // After the handshake, the head still has to come in what is left of that time.
    let (_, connection) =
        http1::handshake::<_, Full<Bytes>>(connect(&rig, "http/1.1").await).await.unwrap();
    let ended = tokio::spawn(connection);
    pass(seconds(11)).await;
    assert!(ended.is_finished());
    assert!(rig.end().await.is_clean());
}

/// As a load balancer has it that passes TLS through: over real sockets, the header in the clear, then the handshake.
#[tokio::test]
async fn a_proxy_names_the_client_before_the_handshake() {
    let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
    let server = server().tls(config()).proxy_protocol_from(["127.0.0.0/8"]);
    let server = server.lead_time(Duration::ZERO).signals(false).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), server.handle());
    let serving = tokio::spawn(server.serve(listener, Router::new().route("/", get(peer))));

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n").await.unwrap();
    let mut stream = shake(stream, "http/1.1").await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    soon("an answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("203.0.113.7:56324"));

    let without = TcpStream::connect(address).await.unwrap();
    assert!(soon("an end", shake(without, "h2")).await.is_err(), "the header must come");
    shutdown.begin();
    assert!(soon("the end", serving).await.unwrap().is_clean());
}

/// A certificate that comes later.
#[derive(Debug, Default)]
struct Renewed(Lock<Option<Arc<CertifiedKey>>>);

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.lock().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn certificates_may_change_while_it_serves() {
    let renewed = Arc::new(Renewed::default());
    let config = ServerConfig::builder().with_no_client_auth();
    let rig = Rig::of(server().tls(config.with_cert_resolver(renewed.clone())));
    assert!(shake(rig.connect().pipe, "h2").await.is_err(), "there is none yet");
    let key = tokio_rustls::rustls::crypto::ring::sign::any_supported_type(&key()).unwrap();
    *renewed.0.lock() = Some(Arc::new(CertifiedKey::new(vec![certificate()], key)));
    connect(&rig, "h2").await;
    drop(rig);
}

/// What it says goodbye with does not get lost either.
#[tokio::test(start_paused = true)]
async fn who_sends_all_before_it_reads_has_its_answer() {
    let rig = rig();
    let mut client = shake(rig.connect().pipe, "http/1.1").await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![b'x'; 1_000_000]).await.unwrap();
    let mut answer = String::new();
    soon("an answer", client.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}
