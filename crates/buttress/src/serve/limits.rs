use std::time::Duration;

use buttress_core::address::Network;

use super::silent::Silent;

/// Everything that bounds a connection, checked.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) timeouts: Timeouts,
    pub(super) header_bytes: usize,
    pub(super) header_count: usize,
    pub(super) uri_length: usize,
    pub(super) strict_lines: bool,
    /// The target and `Host` name the same server.
    pub(super) one_host: bool,
    pub(super) silent: Silent,
    /// What is read and thrown away after the last answer.
    pub(super) linger_bytes: u64,
    pub(super) connections: usize,
    pub(super) proxies: Vec<Network>,
    /// Who has no address begins with a PROXY header.
    pub(super) unix_is_proxied: bool,
    pub(super) http2: Http2,
}

impl Limits {
    /// What leaves room for the rest of a first line in the longest head.
    pub(super) fn longest_target(&self) -> usize {
        self.uri_length.min(self.header_bytes.saturating_sub(FIRST_LINE))
    }
}

/// What a first line has beside its target, and more.
const FIRST_LINE: usize = 64;

/// The deadlines of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    /// With its jitter, once it is a connection's.
    pub(super) age: Option<Duration>,
    pub(super) stall: Duration,
    pub(super) rate: u32,
    /// After the last answer, for a client that still sends.
    pub(super) linger: Duration,
}

/// The bounds that only HTTP/2 has.
#[derive(Clone, Debug)]
pub(super) struct Http2 {
    pub(super) concurrent_streams: u32,
    pub(super) pending_resets: usize,
    pub(super) local_resets: usize,
    pub(super) stream_window: u32,
    pub(super) connection_window: u32,
    pub(super) send_buffer: usize,
    pub(super) ping_interval: Option<Duration>,
    pub(super) ping_timeout: Duration,
    pub(super) idle_frames: u32,
    pub(super) idle_frames_each_second: u32,
}
