use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Offers both protocols, unless the configuration says which.
pub(super) fn acceptor(config: Arc<ServerConfig>) -> TlsAcceptor {
    if !config.alpn_protocols.is_empty() {
        return config.into();
    }
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config).into()
}
