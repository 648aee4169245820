use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whom to trust, and who we are, where TLS is spoken. Files are in PEM, and read once, when the settings are checked.
/// Needs the feature `tls`.
///
/// The cryptography is rustls' provider of the process: for another one, or your own verification, give a configuration
/// to `RedisBuilder::tls` instead.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsSettings {
    /// Who signs the server's certificate. Without it, those whom the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, and those that lead to its root, for a server that asks for one.
    pub cert_file: Option<PathBuf>,
    /// The key of our certificate.
    pub key_file: Option<PathBuf>,
    /// The name that every certificate must have, whatever the address: of each server, and of sentinels. Without it
    /// that is the host by which a server is known: the one in the URL, or what sentinels and nodes announce. For
    /// fleets that announce addresses, and whose certificates have none.
    pub server_name: Option<String>,
}
