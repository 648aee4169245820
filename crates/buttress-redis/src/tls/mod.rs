//! Encryption: what is asked for, and the handshake.

#[cfg(feature = "tls")]
mod files;
mod settings;
#[cfg(feature = "tls")]
mod with;
#[cfg(not(feature = "tls"))]
mod without;

pub use self::settings::TlsSettings;
#[cfg(feature = "tls")]
pub(crate) use self::with::{Given, Tls};
#[cfg(not(feature = "tls"))]
pub(crate) use self::without::{Given, Tls};

/// How to speak to servers, and how to the sentinels that know of them.
#[derive(Debug, Default)]
pub(crate) struct Both {
    pub(crate) servers: Tls,
    pub(crate) sentinels: Tls,
}
