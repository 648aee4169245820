use std::fmt;
use std::io;
use std::sync::Arc;

use buttress_core::{BuildError, Faults};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{TlsSettings, files};
use crate::address::Address;
use crate::link::Io;
use crate::location::Location;

/// What the program itself has given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(Option<Arc<ClientConfig>>);

impl From<Arc<ClientConfig>> for Given {
    fn from(config: Arc<ClientConfig>) -> Self {
        Self(Some(config))
    }
}

/// How connections are encrypted, if they are. One configuration for all, so that a handshake can take up where
/// an earlier one ended.
#[derive(Clone, Default)]
pub(crate) struct Tls(Option<TlsConnector>);

impl Tls {
    pub(crate) fn check(
        location: &Location,
        settings: Option<TlsSettings>,
        given: Given,
    ) -> Result<Self, BuildError> {
        let mut faults = Faults::new();
        let config = match (settings, given.0) {
            (None, None) if !location.tls => return Ok(Self(None)),
            (Some(_), Some(_)) => {
                faults.add("tls", "is given twice: as settings, and by the program");
                None
            }
            (None, Some(config)) => Some(config),
            (settings, None) if location.tls => {
                let provider = CryptoProvider::get_default().cloned();
                files::read(&settings.unwrap_or_default(), provider, &mut faults)
            }
            (_, None) => None,
        };
        if let Address::Tcp { host, .. } = &location.address
            && location.tls
            && name(host).is_err()
        {
            faults.add("url", "has a host that no certificate can name");
        }
        if !location.tls {
            faults.add("tls", "is given, but the scheme of `url` is not `rediss` or `valkeys`");
        }
        faults.finish(Self(config.map(TlsConnector::from)))
    }

    /// Shakes hands: after that, the server is who its certificate says. Only then does anything else go out.
    pub(crate) async fn secure(&self, io: Io, address: &Address) -> io::Result<Io> {
        let (Some(connector), Address::Tcp { host, .. }) = (&self.0, address) else {
            return Ok(io);
        };
        let Io::Tcp(stream) = io else { return Ok(io) };
        let shaken = connector.connect(name(host)?, stream).await;
        let stream =
            shaken.map_err(|error| io::Error::new(error.kind(), format!("TLS: {error}")))?;
        Ok(Io::Tls(Box::new(stream)))
    }
}

/// A name or an address: either is looked for in the certificate.
fn name(host: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).map_err(io::Error::other)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.is_some()).finish()
    }
}
