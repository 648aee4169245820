use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use buttress_testkit::redis::{Client, Engine, Reply, Server};
use buttress_testkit::until::{until, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A server of each engine.
async fn all() -> Vec<Server> {
    let mut servers = Vec::new();
    for engine in Engine::all() {
        servers.push(Server::builder().engine(engine).start().await);
    }
    servers
}

fn ok() -> Reply {
    Reply::Status("OK".into())
}

#[tokio::test]
async fn it_is_the_engine_that_was_named() {
    for server in all().await {
        let info = server.command(["INFO", "server"]).await.text();
        let is_valkey = info.contains("server_name:valkey");
        assert_eq!(is_valkey, server.engine() == Engine::Valkey, "{info}");
        let (major, minor) = server.engine().version();
        assert!(info.contains(&format!("_version:{major}.{minor}.")), "{info}");
        assert_eq!(server.url(), format!("redis://{}", server.address()));
    }
}

#[tokio::test]
async fn killed_it_is_gone_and_restarted_it_is_empty_at_the_same_place() {
    for server in all().await {
        let sha = server.command(["SCRIPT", "LOAD", "return 1"]).await.text();
        assert_eq!(server.command(["SET", "key", "value"]).await, ok());
        let (address, mut client) = (server.address(), server.client().await.unwrap());
        assert_eq!(client.command(["GET", "key"]).await.unwrap().text(), "value");

        server.kill();
        assert_eq!(client.next().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let refused = server.try_command(["PING"]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

        server.restart().await;
        assert_eq!(server.address(), address);
        assert_eq!(server.command(["GET", "key"]).await, Reply::Nil);
        let lost = server.command(["EVALSHA", &sha, "0"]).await;
        assert!(lost.text().starts_with("NOSCRIPT"), "{lost:?}");
    }
}

#[tokio::test]
async fn one_that_runs_is_restarted_too() {
    let server = Server::start().await;
    let before = server.info("server", "run_id").await;
    server.restart().await;
    assert_ne!(server.info("server", "run_id").await, before);
}

#[tokio::test]
async fn a_frozen_one_accepts_and_says_nothing_until_it_is_thawed() {
    for server in all().await {
        server.freeze();
        let mut client = Client::connect(server.address()).await.unwrap();
        client.send(["INCR", "calls"]).await.unwrap();
        let waited = within(Duration::from_millis(50), async || client.next().await.ok()).await;
        assert_eq!(waited, None);
        server.thaw();
        assert_eq!(client.next().await.unwrap(), Reply::Integer(1));
    }
}

#[tokio::test]
async fn scripts_are_flushed_and_data_stays() {
    for server in all().await {
        let sha = server.command(["SCRIPT", "LOAD", "return 1"]).await.text();
        assert_eq!(server.command(["SET", "key", "value"]).await, ok());
        assert_eq!(server.command(["EVALSHA", &sha, "0"]).await, Reply::Integer(1));
        server.flush_scripts().await;
        assert!(server.command(["EVALSHA", &sha, "0"]).await.is_error());
        assert_eq!(server.command(["GET", "key"]).await.text(), "value");
    }
}

#[tokio::test]
async fn paused_clients_wait_and_then_go_on() {
    for server in all().await {
        let mut client = server.client().await.unwrap();
        server.pause_clients(Duration::from_millis(100)).await;
        client.send(["INCR", "calls"]).await.unwrap();
        let waited = within(Duration::from_millis(20), async || client.next().await.ok()).await;
        assert_eq!(waited, None);
        assert_eq!(client.next().await.unwrap(), Reply::Integer(1));
    }
}

#[tokio::test]
async fn a_password_is_asked_for() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).password("secret").start().await;
        assert_eq!(server.url(), format!("redis://:secret@{}", server.address()));
        let mut client = Client::connect(server.address()).await.unwrap();
        let refused = client.command(["GET", "key"]).await.unwrap();
        assert!(refused.text().starts_with("NOAUTH"), "{refused:?}");
        assert_eq!(client.command(["AUTH", "secret"]).await.unwrap(), ok());
        assert_eq!(server.command(["GET", "key"]).await, Reply::Nil);
    }
}

#[tokio::test]
async fn a_user_may_do_what_the_rules_say() {
    for engine in Engine::all() {
        let builder = Server::builder().engine(engine).user("reader", "secret", "~* +get");
        let server = builder.start().await;
        assert_eq!(server.url(), format!("redis://reader:secret@{}", server.address()));
        let mut client = Client::connect(server.address()).await.unwrap();
        assert!(client.command(["GET", "key"]).await.unwrap().is_error());
        assert_eq!(client.command(["AUTH", "reader", "secret"]).await.unwrap(), ok());
        assert_eq!(client.command(["GET", "key"]).await.unwrap(), Reply::Nil);
        let refused = client.command(["SET", "key", "value"]).await.unwrap();
        assert!(refused.text().starts_with("NOPERM"), "{refused:?}");
    }
}

#[tokio::test]
async fn over_tls_it_shows_its_certificate() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).password("secret").tls().start().await;
        let address = server.tls_address().unwrap();
        assert_eq!(server.url(), format!("rediss://:secret@{address}"));
        assert_eq!(pong(address).await, "+OK\r\n");
        server.restart().await;
        assert_eq!(pong(address).await, "+OK\r\n");
    }
}

/// What is answered to the password over TLS.
async fn pong(address: SocketAddr) -> String {
    let certificate = CertificateDer::from_pem_slice(Server::CERTIFICATE.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(address.ip().into(), stream).await.unwrap();
    stream.write_all(b"AUTH secret\r\n").await.unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer.into()).unwrap()
}

#[tokio::test]
async fn lines_of_its_configuration_are_kept() {
    let builder = Server::builder().config("maxmemory 1").config("maxmemory-policy noeviction");
    let server = builder.start().await;
    let refused = server.command(["SET", "key", "value"]).await;
    assert!(refused.text().starts_with("OOM"), "{refused:?}");
}

#[tokio::test]
async fn a_replica_has_what_its_master_has() {
    for engine in Engine::all() {
        let master = Server::builder().engine(engine).password("secret").start().await;
        assert_eq!(master.command(["SET", "key", "value"]).await, ok());
        let builder = Server::builder().engine(engine).password("secret").replica_of(&master);
        let replica = builder.start().await;
        assert_eq!(replica.command(["GET", "key"]).await.text(), "value");
        let refused = replica.command(["SET", "key", "other"]).await;
        assert!(refused.text().starts_with("READONLY"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_socket_in_its_folder_answers_and_goes_with_it() {
    let server = Server::start().await;
    let path = server.socket();
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"PING\r\n").await.unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
    drop(server);
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn many_start_at_once() {
    let starting: Vec<_> = (0..8).map(|_| tokio::spawn(Server::start())).collect();
    let mut servers = Vec::new();
    for start in starting {
        servers.push(start.await.unwrap());
    }
    for server in &servers {
        assert_eq!(server.command(["DBSIZE"]).await, Reply::Integer(0));
        assert_eq!(server.command(["SET", "key", "value"]).await, ok());
    }
}

/// Somebody has the port while the server is down, and leaves.
#[tokio::test]
async fn a_restart_waits_for_its_port() {
    let server = Server::start().await;
    server.kill();
    let squatter = TcpListener::bind(server.address()).await.unwrap();
    let leaving = async {
        until("the log to complain", async || {
            server.log().contains("Address already in use").then_some(())
        })
        .await;
        drop(squatter);
    };
    tokio::join!(server.restart(), leaving);
    assert_eq!(server.command(["PING"]).await, Reply::Status("PONG".into()));
}

#[tokio::test]
#[should_panic(expected = "it ended at its start")]
async fn a_server_that_does_not_start_shows_its_log() {
    let _ = Server::builder().config("no-such-setting yes").start().await;
}
