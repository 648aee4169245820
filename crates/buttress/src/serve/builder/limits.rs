#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Duration;

use super::{ServerBuilder, millis};
use crate::serve::settings::Http2Settings;

/// Limits.
impl ServerBuilder {
    /// Sets how long the first head of a request may take, from the moment of the connection; PROXY header,
    /// TLS handshake and the recognition of the protocol are part of it. For each later head the same time
    /// counts from its first byte; so it does for the first one of HTTP/2, whose clients may connect before they have
    /// anything to ask. The default is 10 seconds.
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.header_read_timeout_ms = millis(timeout);
        self
    }

    /// Sets the longest head of a request, in bytes. Beyond it the answer is 431. The default is 32 KiB.
    ///
    /// Over HTTP/2 each field counts for its name, its value and 32 bytes more (RFC 9113, section 6.5.2). The HTTP
    /// library takes four times as much, and says so to clients, so that what is too long is answered and counted.
    pub fn header_bytes(mut self, most: usize) -> Self {
        self.settings.header_bytes = most;
        self
    }

    /// Sets how many header fields a request may have. Beyond it the answer is 431. The default is 100.
    pub fn header_count(mut self, most: usize) -> Self {
        self.settings.header_count = most;
        self
    }

    /// Sets the longest path and query, in bytes. Beyond it the answer is 414. The default is 8 KiB; where the
    /// [longest head](Self::header_bytes) has no room for that, it is what has.
    pub fn uri_length(mut self, most: usize) -> Self {
        self.settings.uri_length = most;
        self
    }

    /// Sets whether a head is refused in which a line ends in a line feed alone. The default is yes.
    pub fn refuse_bare_line_feeds(mut self, refuse: bool) -> Self {
        self.settings.refuse_bare_line_feeds = refuse;
        self
    }

    /// Sets whether a head is refused whose target names one server (`:authority`, or a whole URI) and its `Host`
    /// field another. The default is yes.
    ///
    /// Some proxies send that over HTTP/2: the upstream's own name in one, what their client asked for in the other.
    /// If they cannot be told otherwise, allow it; then it is the application's matter which of them it trusts.
    pub fn refuse_other_hosts(mut self, refuse: bool) -> Self {
        self.settings.refuse_other_hosts = refuse;
        self
    }

    /// Sets how many connections there may be. At that many, accepting waits, and the system queues who
    /// comes. The default is 10,000.
    ///
    /// Each is a file of the process, whose limit is 1,024 on many systems: raise that, or a warning at the start says
    /// so.
    pub fn connections(mut self, most: usize) -> Self {
        self.settings.connections = most;
        self
    }

    /// Sets how many connections one client may have: an IPv4 address, or an IPv6 network of 64 bits. One
    /// more is closed at once. The default is 256.
    ///
    /// A load balancer that does not speak the PROXY protocol is one client: see
    /// [`uncounted_addresses`](Self::uncounted_addresses).
    pub fn connections_per_address(mut self, most: usize) -> Self {
        self.settings.connections_per_address = most;
        self
    }

    /// Adds addresses and networks whose connections are not counted by address. The default is none.
    pub fn uncounted_addresses<I>(mut self, addresses: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.settings.uncounted_addresses.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// Sets how long a connection is kept without a request, over HTTP/2 also before the first. The default is 75
    /// seconds, longer than load balancers commonly keep theirs, so that they close first.
    pub fn keep_alive_idle(mut self, idle: Duration) -> Self {
        self.settings.keep_alive_idle_ms = millis(idle);
        self
    }

    /// Sets how old a connection may become, give or take a tenth. Then HTTP/2 says GOAWAY, and HTTP/1 says
    /// `Connection: close` with its next answer; what is under way ends as it will. `None` is for ever. The
    /// default is an hour.
    pub fn max_connection_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.settings.max_connection_age_ms = age.into().map(millis);
        self
    }

    /// Sets how long a client may keep a body waiting, in either direction. The default is 30 seconds.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.settings.stall_timeout_ms = millis(timeout);
        self
    }

    /// Sets how long the server goes on reading after the last answer of an HTTP/1 connection whose client still sends,
    /// as after a 413 in front of its body. The default is 10 seconds; none at all is not to.
    ///
    /// What comes is thrown away. Without that the client's system may meet a reset, and lose the answer. Who sends
    /// nothing for two seconds is given up before.
    pub fn linger(mut self, longest: Duration) -> Self {
        self.settings.linger_ms = millis(longest);
        self
    }

    /// Sets how many bytes are read and thrown away while the server [lingers](Self::linger). The default is 32 MiB;
    /// none at all is not to linger.
    pub fn linger_bytes(mut self, most: u64) -> Self {
        self.settings.linger_bytes = most;
        self
    }

    /// Sets how many bytes a second a client must move while the server waits for it. Each byte earns back
    /// its share of the [stall timeout](Self::stall_timeout); with zero, any byte earns all of it. The
    /// default is 100, the most a thousand million.
    pub fn min_bytes_per_second(mut self, rate: u32) -> Self {
        self.settings.min_bytes_per_second = rate;
        self
    }

    /// Adds paths at which, and below which, the body of a request over HTTP/2 may be silent for as long as both sides
    /// like, as that of a gRPC call whose requests are a stream: a method, a service (`/shop.Stock`), or `/` for all.
    /// The default is none.
    ///
    /// Pings find clients that have gone, and only what the application takes is bounded then: name no more paths than
    /// need it. A call with one request is not silent, however long its answers take.
    ///
    /// ```
    /// use buttress::serve::Server;
    ///
    /// let server = Server::builder().silent_streams(["/shop.Stock/Watch", "/shop.Chat"]).build();
    /// assert!(server.is_ok());
    /// assert!(Server::builder().silent_streams(["shop.Stock"]).build().is_err());
    /// ```
    pub fn silent_streams<I>(mut self, paths: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.settings.silent_streams.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Adds proxies, as networks or addresses, whose connections begin with a PROXY header, of either
    /// version. The default is none.
    ///
    /// From them the header must come: a connection without is closed. From anybody else it is no request,
    /// and is answered so.
    pub fn proxy_protocol_from<I>(mut self, proxies: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.settings.proxy_protocol_from.extend(proxies.into_iter().map(Into::into));
        self
    }

    /// Sets whether connections without an address begin with a PROXY header, too: those of a Unix socket. The default
    /// is no.
    ///
    /// All of them have to, then: a proxy on the same machine, which names its clients so.
    pub fn proxy_protocol_from_unix(mut self, proxied: bool) -> Self {
        self.settings.proxy_protocol_from_unix = proxied;
        self
    }

    /// Changes what only HTTP/2 has.
    pub fn http2(mut self, change: impl FnOnce(&mut Http2Settings)) -> Self {
        change(&mut self.settings.http2);
        self
    }

    /// Serves over TLS. If the configuration names no protocols for ALPN, `h2` and `http/1.1` are offered.
    ///
    /// ```
    /// use buttress::serve::Server;
    /// use tokio_rustls::rustls::ServerConfig;
    /// use tokio_rustls::rustls::pki_types::pem::PemObject;
    /// use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    /// # use std::sync::Arc;
    /// # use tokio_rustls::TlsConnector;
    /// # use tokio_rustls::rustls::{ClientConfig, RootCertStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/serve/tls");
    /// let chain = CertificateDer::pem_file_iter(format!("{folder}/certificate.pem"))?;
    /// let key = PrivateKeyDer::from_pem_file(format!("{folder}/key.pem"))?;
    /// let config = ServerConfig::builder()
    ///     .with_no_client_auth()
    ///     .with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
    /// let server = Server::builder().tls(config).build()?;
    /// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let serving = tokio::spawn(server.serve(listener, axum::Router::new()));
    /// # let mut roots = RootCertStore::empty();
    /// # roots.add(CertificateDer::from_pem_file(format!("{folder}/certificate.pem"))?)?;
    /// # let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    /// # config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    /// # let client = TlsConnector::from(Arc::new(config)).connect("test".try_into()?, stream).await?;
    ///
    /// // What a client hears that speaks both.
    /// assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    /// # serving.abort();
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: impl Into<Arc<tokio_rustls::rustls::ServerConfig>>) -> Self {
        self.tls = Some(config.into());
        self
    }
}
