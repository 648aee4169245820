//! The same server, over TLS.

use std::sync::Arc;

use buttress_testkit::paused::pass;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::DuplexStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::rig::{Rig, request, seconds, server};

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("certificate.pem")).unwrap()
}

fn rig() -> Rig {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    Rig::of(server().tls(config.with_single_cert(vec![certificate()], key).unwrap()))
}

/// A client that offers `protocol`, and trusts the test certificate.
async fn connect(rig: &Rig, protocol: &str) -> TokioIo<TlsStream<DuplexStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect("test".try_into().unwrap(), rig.connect().pipe).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    TokioIo::new(stream)
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
