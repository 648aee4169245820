//! Encryption: whom it speaks to, and whom it does not.

mod faults;
pub(crate) mod front;
pub(crate) mod witness;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::{ErrorKind, Redis, RedisError, RedisSettings};
use buttress_testkit::log::Log;
use buttress_testkit::proxy::{Direction, Proxy};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use self::front::Front;
use crate::support::{ADD, builder};

pub(crate) fn pem(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/it/tls/pem", name].iter().collect()
}

/// Trusts whoever is signed by one of these.
pub(crate) fn trusting<const N: usize>(certificates: [&[u8]; N]) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots(certificates)).with_no_client_auth())
}

fn roots<const N: usize>(certificates: [&[u8]; N]) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(CertificateDer::from_pem_slice(certificate).unwrap()).unwrap();
    }
    Arc::new(roots)
}

/// The certificate of the servers of the kit, and the one that has signed that of a [front](front::Front).
pub(crate) const KIT: &[u8] = Server::CERTIFICATE.as_bytes();
pub(crate) const OTHER: &[u8] = include_bytes!("pem/ca.pem");

/// One that trusts the servers of the kit.
pub(crate) fn trusted(url: impl Into<String>) -> Redis {
    builder(url).tls(trusting([KIT])).build().unwrap()
}

fn settings(text: serde_json::Value) -> RedisSettings {
    // Another test of this process may have been faster.
    let _ = default_provider().install_default();
    serde_json::from_value(text).unwrap()
}

async fn add(redis: &Redis) -> Result<i64, RedisError> {
    redis.run(&ADD, "t").arg(1_i64).send().await?.integer()
}

/// What the first attempts ended with.
pub(crate) async fn refusal(redis: &Redis) -> String {
    let error = until("the attempt fails", async || {
        let error = redis.connected().await.expect_err("not to be connected");
        (error.to_string().contains(':')).then_some(error)
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(!error.may_have_run());
    error.to_string()
}

#[tokio::test]
async fn it_speaks_tls_by_address_and_by_name() {
    let server = Server::builder().tls().password("p@ss").start().await;
    let by_name = server.url().replace("127.0.0.1", "localhost");
    let by_scheme = server.url().replace("rediss:", "valkeys:");
    for (expected, url) in [(1, server.url()), (2, by_name), (3, by_scheme)] {
        let redis = trusted(url);
        redis.connected().await.unwrap();
        assert_eq!(add(&redis).await.unwrap(), expected);
    }
}

/// What is true of plain connections is true of these: cut or silent, they are replaced.
#[tokio::test]
async fn a_connection_that_is_lost_or_silent_is_replaced() {
    let server = Server::builder().tls().start().await;
    let proxy = Proxy::to(server.tls_address().unwrap()).await;
    let redis = trusted(server.url_at(proxy.address()));
    redis.connected().await.unwrap();
    for fault in 0..2 {
        add(&redis).await.unwrap();
        match fault {
            0 => proxy.cut_all(),
            _ => proxy.swallow(Direction::Replies),
        }
        let failed = until("it is felt", async || add(&redis).await.err()).await;
        let kinds = [ErrorKind::Ambiguous, ErrorKind::Unreachable];
        assert!(kinds.contains(&failed.kind()), "{failed:?}");
        proxy.heal().await;
        until("it comes back", async || add(&redis).await.ok()).await;
    }
}

#[tokio::test]
async fn whom_nobody_trusts_is_told_no_password() {
    let server = Server::start().await;
    let front = Front::before(server.address(), false).await;
    let url = format!("rediss://:hunter2@localhost:{}", front.address.port());
    let log = Log::of("buttress");
    let listening = log.listen();
    let redis = trusted(&url);
    let refusal = refusal(&redis).await;
    assert!(refusal.contains("TLS") && refusal.contains("UnknownIssuer"), "{refusal}");
    drop((redis, listening));
    let log = log.take().join("\n");
    assert!(log.contains("UnknownIssuer") && !log.contains("hunter2"), "{log}");
    assert_eq!(front.heard(), "");

    // The other way round it goes through, so the front hears indeed.
    let redis = builder(&url).tls(trusting([OTHER])).build().unwrap();
    until("it tries", async || front.heard().contains("hunter2").then_some(())).await;
    drop(redis);
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_none() {
    let server = Server::start().await;
    let front = Front::before(server.address(), false).await;
    let url = |host| format!("rediss://{host}:{}", front.address.port());
    let redis = builder(url("localhost")).tls(trusting([OTHER])).build().unwrap();
    redis.connected().await.unwrap();
    // The same place, but the certificate does not name the address.
    let redis = builder(url("127.0.0.1")).tls(trusting([OTHER])).build().unwrap();
    let refusal = refusal(&redis).await;
    assert!(refusal.contains("certificate not valid for name"), "{refusal}");
}

/// A server that does not understand a handshake may refuse, or say nothing at all.
#[tokio::test]
async fn a_plain_server_ends_the_attempt_in_time() {
    let server = Server::start().await;
    let plain = trusted(format!("rediss://:hunter2@{}", server.address()));
    refusal(&plain).await;
    drop(plain);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redis = trusted(format!("rediss://:hunter2@{}", silent.local_addr().unwrap()));
    let (mut stream, _) = silent.accept().await.unwrap();
    let (began, mut heard) = (SystemClock.now(), Vec::new());
    // To its end: it is given up.
    stream.read_to_end(&mut heard).await.unwrap();
    let took = SystemClock.now() - began;
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    assert!(!heard.is_empty() && !heard.windows(7).any(|bytes| bytes == b"hunter2"));
    let refusal = refusal(&redis).await;
    assert!(refusal.contains("no connection within 500ms"), "{refusal}");
}

#[tokio::test]
async fn files_say_whom_to_trust_and_who_we_are() {
    let server = Server::start().await;
    let front = Front::before(server.address(), true).await;
    let url = format!("rediss://localhost:{}", front.address.port());
    let mut tls = serde_json::json!({ "ca_file": pem("ca.pem") });
    let nobody = settings(serde_json::json!({ "url": url, "tls": tls })).build().unwrap();
    assert!(nobody.connected().await.is_err());
    assert_eq!(front.heard(), "", "it asks for a certificate");

    tls["cert_file"] = serde_json::json!(pem("client.pem"));
    tls["key_file"] = serde_json::json!(pem("client-key.pem"));
    let redis = settings(serde_json::json!({ "url": url, "tls": tls })).build().unwrap();
    redis.connected().await.unwrap();
    assert_eq!(add(&redis).await.unwrap(), 1);
}

/// Without a file there are those whom the system trusts: not our server.
#[tokio::test]
async fn the_system_does_not_trust_a_stranger() {
    let server = Server::builder().tls().start().await;
    let redis = settings(serde_json::json!({ "url": server.url() })).build();
    match redis {
        Ok(redis) => {
            let refusal = refusal(&redis).await;
            assert!(refusal.contains("TLS: invalid peer certificate"), "{refusal}");
        }
        // A system that trusts nobody says so at once.
        Err(error) => assert_eq!(error.faults()[0].path(), "tls.ca_file"),
    }
}
