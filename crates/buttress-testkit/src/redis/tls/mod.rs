//! TLS: the server's own, or before one that was built without.

mod front;

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(super) use self::front::{Front, Plain};

pub(super) const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

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

/// Shakes hands with a server of the kit.
pub(super) async fn secure(stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    // One for all, so that most handshakes are short.
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| Arc::new(config()));
    let connector = TlsConnector::from(CONFIG.clone());
    connector.connect(Ipv4Addr::LOCALHOST.into(), stream).await
}

fn config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let added = roots.add(certificate());
    added.expect("a certificate that may stand for itself");
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has what the versions ask for")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("the file is a certificate")
}
