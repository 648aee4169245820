use std::path::Path;
use std::sync::Arc;

use buttress_core::Faults;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::TlsSettings;

type Certificates = Vec<CertificateDer<'static>>;
type Identity = (Certificates, PrivateKeyDer<'static>);

/// A fault, which is among the others already.
struct Noted;

const NO_PROVIDER: &str = "there is no cryptography: make a provider of rustls the default of the \
                           process, or give `RedisBuilder::tls` a configuration";

/// Reads the files, and makes of them what all connections share. Nothing if there is a fault.
pub(super) fn read(
    settings: &TlsSettings,
    provider: Option<Arc<CryptoProvider>>,
    faults: &mut Faults,
) -> Option<Arc<ClientConfig>> {
    let roots = roots(settings.ca_file.as_deref(), faults);
    let identity = identity(settings, faults);
    if provider.is_none() {
        faults.add("tls", NO_PROVIDER);
    }
    let (roots, identity) = (roots?, identity.ok()?);
    let builder = ClientConfig::builder_with_provider(provider?);
    let builder = match builder.with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots),
        Err(error) => {
            faults.add("tls", error);
            return None;
        }
    };
    let Some((certificates, key)) = identity else {
        return Some(Arc::new(builder.with_no_client_auth()));
    };
    match builder.with_client_auth_cert(certificates, key) {
        Ok(config) => Some(Arc::new(config)),
        Err(error) => {
            faults.add("tls.key_file", format_args!("does not go with `cert_file`: {error}"));
            None
        }
    }
}

fn roots(file: Option<&Path>, faults: &mut Faults) -> Option<RootCertStore> {
    let certificates = match file {
        Some(file) => certificates("tls.ca_file", file, faults)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        let reason = match file {
            Some(_) => "has no certificate that could sign another",
            None => "must be given: the system names nobody whom it trusts",
        };
        faults.add("tls.ca_file", reason);
        return None;
    }
    Some(roots)
}

/// Who we are, if we say so.
fn identity(settings: &TlsSettings, faults: &mut Faults) -> Result<Option<Identity>, Noted> {
    match (&settings.cert_file, &settings.key_file) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let certificates = certificates("tls.cert_file", certificate, faults);
            let key = key_of(key, faults);
            certificates.zip(key).map(Some).ok_or(Noted)
        }
        (given, _) => {
            let missing = if given.is_some() { "tls.key_file" } else { "tls.cert_file" };
            faults.add(missing, "must be given too: a certificate is of no use without its key");
            Err(Noted)
        }
    }
}

fn certificates(path: &str, file: &Path, faults: &mut Faults) -> Option<Certificates> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => {
            faults.add(path, "has no certificate in PEM");
            None
        }
        Ok(certificates) => Some(certificates),
        Err(error) => {
            faults.add(path, reason(&error));
            None
        }
    }
}

fn key_of(file: &Path, faults: &mut Faults) -> Option<PrivateKeyDer<'static>> {
    match PrivateKeyDer::from_pem_file(file) {
        Ok(key) => Some(key),
        Err(error) => {
            faults.add("tls.key_file", reason(&error));
            None
        }
    }
}

/// Never with what stands in the file, which may be a key.
fn reason(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        pem::Error::NoItemsFound => "has none in PEM".to_owned(),
        _ => "is not PEM".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_cryptography_there_is_none() {
        let mut faults = Faults::new();
        assert!(read(&TlsSettings::default(), None, &mut faults).is_none());
        let error = faults.finish(()).unwrap_err();
        let last = error.faults().last().unwrap();
        assert_eq!(last.path(), "tls");
        assert!(last.reason().contains("RedisBuilder::tls"), "{last}");
    }

    #[test]
    fn the_reason_never_repeats_what_stands_in_the_file() {
        let line = b"-----BEGIN hunter2".to_vec();
        let error = pem::Error::IllegalSectionStart { line };
        assert_eq!(reason(&error), "is not PEM");
    }
}
