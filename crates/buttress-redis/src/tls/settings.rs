use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Files for a `rediss` or `valkeys` URL, each in PEM. They are read once, when the settings are checked. Needs the
/// feature `tls`.
///
/// The cryptography is rustls' provider of the process: whoever wants another one, or a verification of their own,
/// gives a configuration to `RedisBuilder::tls` instead.
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
}
