use std::fmt;
use std::path::PathBuf;

use crate::location::decoded;

/// Where one server is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// Reads `host:port`, of which the port may be missing.
    pub(crate) fn tcp(place: &str, usual: u16) -> Result<Self, &'static str> {
        let (host, port) = host_and_port(place, usual)?;
        Ok(Self::Tcp { host, port })
    }

    /// The same with the host of `other`, if it has none of its own: what a server says that does not know its name.
    pub(crate) fn known_by(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Tcp { host, port }, Self::Tcp { host: known, .. })
                if host.is_empty() || host == "?" =>
            {
                Self::Tcp { host: known.clone(), port }
            }
            (this, _) => this,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

fn host_and_port(place: &str, usual: u16) -> Result<(String, u16), &'static str> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("has an address without its `]`")?;
            (host, port.strip_prefix(':').unwrap_or(port))
        }
        None => place.rsplit_once(':').unwrap_or((place, "")),
    };
    if host.is_empty() {
        return Err("must have a host");
    }
    if host.contains(':') && !place.starts_with('[') {
        return Err("must have an IPv6 address in `[` and `]`");
    }
    let port = match port {
        "" => usual,
        port => match port.parse() {
            Ok(0) | Err(_) => return Err("has a port that is no number from 1 to 65535"),
            Ok(port) => port,
        },
    };
    Ok((decoded(host)?, port))
}
