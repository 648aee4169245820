use std::net::SocketAddr;

use http::Extensions;

/// Who is connected to the socket, put into the request's extensions by the server.
///
/// A plain [`SocketAddr`] there is understood too, and axum's `ConnectInfo` with the feature `axum`.
///
/// ```
/// use buttress_core::PeerAddress;
/// use http::Request;
/// use std::net::SocketAddr;
///
/// let mut request = Request::new(());
/// request.extensions_mut().insert(PeerAddress::new(SocketAddr::from(([192, 0, 2, 1], 4711))));
///
/// let peer = PeerAddress::find(request.extensions()).unwrap();
/// assert_eq!(peer.port(), 4711);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PeerAddress {
    address: SocketAddr,
}

impl PeerAddress {
    /// The peer at this address.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// The peer that a server has put into the extensions.
    #[must_use]
    pub fn find(extensions: &Extensions) -> Option<SocketAddr> {
        Self::seen(extensions).copied()
    }

    /// The same where it is: to copy it costs as much as to read it.
    pub(crate) fn seen(extensions: &Extensions) -> Option<&SocketAddr> {
        if let Some(peer) = extensions.get::<Self>() {
            return Some(&peer.address);
        }
        #[cfg(feature = "axum")]
        if let Some(info) = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>() {
            return Some(&info.0);
        }
        extensions.get()
    }
}
