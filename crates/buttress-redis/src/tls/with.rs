use std::fmt;
use std::io;
use std::sync::Arc;

use buttress_core::{BuildError, Faults};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Both, TlsSettings, files};
use crate::address::Address;
use crate::fleet::Fleet;
use crate::link::Io;
use crate::location::Location;

/// What the program itself has given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    config: Option<Arc<ClientConfig>>,
    server_name: Option<String>,
}

impl Given {
    pub(crate) fn by(self, config: Arc<ClientConfig>) -> Self {
        Self { config: Some(config), ..self }
    }

    pub(crate) fn named(self, server_name: String) -> Self {
        Self { server_name: Some(server_name), ..self }
    }
}

/// How connections are encrypted, if they are. One configuration for all, so that a handshake can take up where
/// an earlier one ended.
#[derive(Clone, Default)]
pub(crate) struct Tls(Option<Shaking>);

#[derive(Clone)]
struct Shaking {
    connector: TlsConnector,
    /// Whom every certificate must name, if that is not the host.
    server_name: Option<ServerName<'static>>,
}

impl Tls {
    pub(crate) fn check(
        location: &Location,
        sentinels: Option<bool>,
        settings: Option<TlsSettings>,
        given: Given,
    ) -> Result<Both, BuildError> {
        let has_sentinels = matches!(location.fleet, Fleet::Sentinels { .. });
        let to_sentinels = has_sentinels && sentinels.unwrap_or(location.tls);
        let is_asked = location.tls || to_sentinels;
        let mut faults = Faults::new();
        let named = given.server_name.is_some();
        if !is_asked && (settings.is_some() || given.config.is_some() || named) {
            faults.add("tls", "is given, but the scheme of `url` is not `rediss` or `valkeys`");
        }
        if settings.is_some() && given.config.is_some() {
            faults.add("tls", "is given twice: as settings, and by the program");
        }
        if !is_asked {
            return faults.finish(Both::default());
        }
        // A URL of sentinels names no other server.
        let is_named = if has_sentinels { to_sentinels } else { location.tls };
        let tls = Self::of(location, is_named, &settings.unwrap_or_default(), given, &mut faults);
        let servers = if location.tls { tls.clone() } else { Self::default() };
        let sentinels = if to_sentinels { tls } else { Self::default() };
        faults.finish(Both { servers, sentinels })
    }

    fn of(
        location: &Location,
        is_named: bool,
        settings: &TlsSettings,
        given: Given,
        faults: &mut Faults,
    ) -> Self {
        let server_name = given.server_name.as_ref().or(settings.server_name.as_ref());
        let server_name = server_name.and_then(|name| wanted(name, faults));
        if is_named && server_name.is_none() {
            hosts(location, faults);
        }
        let config = given.config.or_else(|| {
            let provider = CryptoProvider::get_default().cloned();
            files::read(settings, provider, faults)
        });
        Self(config.map(|config| Shaking { connector: config.into(), server_name }))
    }

    /// Shakes hands: after that, the server is who its certificate says. Only then does anything else go out.
    pub(crate) async fn secure(&self, io: Io, address: &Address) -> io::Result<Io> {
        let (Some(shaking), Address::Tcp { host, .. }) = (&self.0, address) else {
            return Ok(io);
        };
        let Io::Tcp(stream) = io else { return Ok(io) };
        let server_name = match &shaking.server_name {
            Some(name) => name.clone(),
            None => name(host)?,
        };
        let shaken = shaking.connector.connect(server_name, stream).await;
        let stream =
            shaken.map_err(|error| io::Error::new(error.kind(), format!("TLS: {error}")))?;
        Ok(Io::Tls(Box::new(stream)))
    }
}

fn wanted(server_name: &str, faults: &mut Faults) -> Option<ServerName<'static>> {
    let wanted = name(server_name);
    if wanted.is_err() {
        faults.add("tls.server_name", "is nothing that a certificate can name");
    }
    wanted.ok()
}

/// Whether the servers of the URL can be named.
fn hosts(location: &Location, faults: &mut Faults) {
    let seeds = location.fleet.seeds().iter().chain([&location.address]);
    let is_nameless =
        |address: &Address| matches!(address, Address::Tcp { host, .. } if name(host).is_err());
    if seeds.into_iter().any(is_nameless) {
        faults.add("url", "has a host that no certificate can name");
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
