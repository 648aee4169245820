mod http2;
mod or_never;

use std::time::Duration;

use buttress_core::address::Network;
use buttress_core::{BuildError, Faults};
use serde::{Deserialize, Serialize};

pub use self::http2::Http2Settings;
use super::builder::ServerBuilder;
use super::limits::{Limits, Timeouts};
use super::server::Server;
use super::silent::Silent;

/// The settings of a [`Server`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress::serve::ServerSettings;
///
/// let settings: ServerSettings = serde_json::from_str(
///     r#"{
///         "header_read_timeout_ms": 0,
///         "proxy_protocol_from": ["10.0.0.0/8", "0.0.0.0/0"],
///         "http2": { "stream_window": 4000000000 }
///     }"#,
/// )?;
///
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["header_read_timeout_ms", "proxy_protocol_from[1]", "http2.stream_window"]);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a file, each by itself")]
pub struct ServerSettings {
    /// Milliseconds from the first moment of a connection to the end of its first request head, and for each
    /// later head from its first byte.
    pub header_read_timeout_ms: u64,
    /// The longest head of a request, in bytes: 431 beyond.
    pub header_bytes: usize,
    /// The most fields in it: 431 beyond.
    pub header_count: usize,
    /// The longest path and query, in bytes: 414 beyond. No more of it is taken than leaves room for the rest of the
    /// first line in a head.
    pub uri_length: usize,
    /// Whether a head with a line that ends in a line feed alone is refused: 400.
    pub refuse_bare_line_feeds: bool,
    /// Whether a head is refused whose target names one server and its `Host` another: 400.
    pub refuse_other_hosts: bool,
    /// The most connections; at that many, accepting waits.
    pub connections: usize,
    /// The most connections of one client: an IPv4 address or an IPv6 network of 64 bits.
    pub connections_per_address: usize,
    /// Addresses and networks that are not counted, as those of your load balancers.
    pub uncounted_addresses: Vec<String>,
    /// Milliseconds that a connection may be kept without a request.
    pub keep_alive_idle_ms: u64,
    /// Milliseconds after which a connection is retired, give or take a tenth, or `"never"`.
    #[serde(with = "or_never")]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<or_never::OrNever>"))]
    pub max_connection_age_ms: Option<u64>,
    /// Milliseconds that a client may keep a body waiting, in either direction.
    pub stall_timeout_ms: u64,
    /// Bytes a second that earn it more of them; 0 to ask for some progress only. At most a thousand million.
    pub min_bytes_per_second: u32,
    /// Milliseconds for which the server goes on reading, after the last answer of an HTTP/1 connection whose client
    /// still sends, so that this comes to read the answer; 0 not to.
    pub linger_ms: u64,
    /// The most that is read, and thrown away, in that time; 0 not to.
    pub linger_bytes: u64,
    /// Paths at which, and below which, the body of a request over HTTP/2 may be silent for as long as both sides
    /// like: those of streams, as `/shop.Stock/Watch`.
    pub silent_streams: Vec<String>,
    /// The proxies that must begin with a PROXY header: addresses or networks.
    pub proxy_protocol_from: Vec<String>,
    /// Whether the connections of a Unix socket begin with a PROXY header, and any others that have no address.
    pub proxy_protocol_from_unix: bool,
    /// What only HTTP/2 has.
    pub http2: Http2Settings,
    /// Milliseconds for which a server that was told to stop goes on serving.
    pub lead_time_ms: u64,
    /// Milliseconds for what has begun to end, after that.
    pub grace_ms: u64,
    /// Milliseconds for each hook.
    pub hook_timeout_ms: u64,
    /// Whether `SIGTERM` and `SIGINT` are listened to, and the events of the console on Windows.
    pub signals: bool,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            header_read_timeout_ms: 10_000,
            header_bytes: 32 * 1024,
            header_count: 100,
            uri_length: 8 * 1024,
            refuse_bare_line_feeds: true,
            refuse_other_hosts: true,
            connections: 10_000,
            connections_per_address: 256,
            uncounted_addresses: Vec::new(),
            keep_alive_idle_ms: 75_000,
            max_connection_age_ms: Some(3_600_000),
            stall_timeout_ms: 30_000,
            min_bytes_per_second: 100,
            linger_ms: 10_000,
            linger_bytes: 32 << 20,
            silent_streams: Vec::new(),
            proxy_protocol_from: Vec::new(),
            proxy_protocol_from_unix: false,
            http2: Http2Settings::default(),
            lead_time_ms: 5_000,
            grace_ms: 25_000,
            hook_timeout_ms: 5_000,
            signals: true,
        }
    }
}

impl ServerSettings {
    /// Checks the settings, and builds the server.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Server, BuildError> {
        ServerBuilder::from(self).build()
    }

    pub(super) fn check(&self, faults: &mut Faults) -> Limits {
        let timeouts = Timeouts {
            header: time(faults, "header_read_timeout_ms", self.header_read_timeout_ms),
            idle: time(faults, "keep_alive_idle_ms", self.keep_alive_idle_ms),
            age: time_if_any(faults, "max_connection_age_ms", self.max_connection_age_ms),
            stall: time(faults, "stall_timeout_ms", self.stall_timeout_ms),
            rate: self.min_bytes_per_second,
            linger: Duration::from_millis(self.linger_ms),
        };
        between(faults, "min_bytes_per_second", self.min_bytes_per_second, 0, FASTEST);
        between(faults, "header_bytes", self.header_bytes, 1_024, 1 << 20);
        between(faults, "header_count", self.header_count, 1, 10_000);
        between(faults, "uri_length", self.uri_length, 1, LONGEST_TARGET);
        between(faults, "connections", self.connections, 1, usize::MAX);
        between(faults, "connections_per_address", self.connections_per_address, 1, usize::MAX);
        Limits {
            timeouts,
            header_bytes: self.header_bytes,
            header_count: self.header_count,
            uri_length: self.uri_length,
            strict_lines: self.refuse_bare_line_feeds,
            one_host: self.refuse_other_hosts,
            linger_bytes: if self.linger_ms == 0 { 0 } else { self.linger_bytes },
            silent: Silent::new(&self.silent_streams, "silent_streams", faults),
            connections: self.connections,
            proxies: networks(faults, "proxy_protocol_from", &self.proxy_protocol_from),
            unix_is_proxied: self.proxy_protocol_from_unix,
            http2: self.http2.check(faults),
        }
    }

    pub(super) fn uncounted(&self, faults: &mut Faults) -> Vec<Network> {
        networks(faults, "uncounted_addresses", &self.uncounted_addresses)
    }
}

/// The HTTP library takes none that is longer.
const LONGEST_TARGET: usize = 65_534;

/// A byte a nanosecond: beyond, a byte would earn no time at all, and everybody be too slow.
const FASTEST: u32 = 1_000_000_000;

fn time(faults: &mut Faults, path: &str, millis: u64) -> Duration {
    if millis == 0 {
        faults.add(path, "must be at least 1: with no time at all nobody would be served");
    }
    Duration::from_millis(millis)
}

fn time_if_any(faults: &mut Faults, path: &str, millis: Option<u64>) -> Option<Duration> {
    if millis == Some(0) {
        faults.add(path, "must be at least 1, or `never`");
    }
    millis.map(Duration::from_millis)
}

fn between<T: Copy + PartialOrd + std::fmt::Display>(
    faults: &mut Faults,
    path: &str,
    given: T,
    least: T,
    most: T,
) {
    if !(least..=most).contains(&given) {
        faults.add(path, format_args!("must be from {least} to {most}, not {given}"));
    }
}

fn networks(faults: &mut Faults, path: &str, given: &[String]) -> Vec<Network> {
    let mut networks = Vec::with_capacity(given.len());
    for (at, text) in given.iter().enumerate() {
        match text.parse::<Network>() {
            Ok(network) if network.prefix() > 0 => networks.push(network),
            Ok(_) => {
                let path = format!("{path}[{at}]");
                faults.add(path, format_args!("`{text}` matches every address"));
            }
            Err(invalid) => faults.add(format!("{path}[{at}]"), invalid),
        }
    }
    networks
}
