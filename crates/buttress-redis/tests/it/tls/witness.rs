use std::sync::Arc;

use buttress_core::sync::Lock;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::{KIT, roots};

/// Judges certificates as everybody does, and remembers what names they were asked for.
#[derive(Debug)]
pub(crate) struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    names: Lock<Vec<String>>,
}

impl Witness {
    /// Of the servers of the kit.
    pub(crate) fn new() -> Arc<Self> {
        let provider = Arc::new(default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(roots([KIT]), provider);
        Arc::new(Self { judge: judge.build().unwrap(), names: Lock::new(Vec::new()) })
    }

    pub(crate) fn config(self: &Arc<Self>) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(self.clone())
            .with_no_client_auth()
    }

    /// The names, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.names.lock().clone();
        names.sort();
        names.dedup();
        names
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.names.lock().push(name.to_str().into_owned());
        self.judge.verify_server_cert(certificate, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
