//! TLS: the server's own, or before one that was built without.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::port;

pub(super) const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

/// Who speaks TLS for a server.
#[derive(Debug)]
pub(super) enum Tls {
    Nobody,
    /// The server itself, on a port of its own.
    Server(u16),
    Front(Front),
}

impl Tls {
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Nobody => None,
            Self::Server(port) => Some(port::local(*port)),
            Self::Front(front) => Some(front.address),
        }
    }
}

/// What the server needs to speak TLS itself.
pub(super) fn lines(folder: &Path, port: u16) -> String {
    let [certificate, key] =
        [("certificate.pem", CERTIFICATE), ("key.pem", KEY)].map(|(name, pem)| {
            let file = folder.join(name);
            std::fs::write(&file, pem).expect("a file in a temporary folder");
            file
        });
    let (certificate, key) = (certificate.display(), key.display());
    format!(
        "tls-port {port}\ntls-auth-clients no\ntls-cert-file {certificate}\ntls-key-file {key}\n\
         tls-ca-cert-file {certificate}\n"
    )
}

/// Ends TLS, and passes on to the server what was in it.
#[derive(Debug)]
pub(super) struct Front {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Front {
    pub(super) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, task: tokio::spawn(accept(listener, server)) }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr) {
    let acceptor = TlsAcceptor::from(Arc::new(config()));
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let (Ok(mut client), Ok(mut server)) =
                (acceptor.accept(stream).await, TcpStream::connect(server).await)
            else {
                return;
            };
            // The end of either is the end of both, whatever the reason.
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

fn config() -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes());
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has what the versions ask for")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.expect("the file is a certificate")],
            key.expect("the file is a key"),
        )
        .expect("the key is that of the certificate")
}
