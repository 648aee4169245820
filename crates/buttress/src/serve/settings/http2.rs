use buttress_core::Faults;
use serde::{Deserialize, Serialize};

use super::{between, or_never, time, time_if_any};
use crate::serve::limits::Http2;

/// The settings that only HTTP/2 has. See [`ServerSettings`](super::ServerSettings).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Http2Settings {
    /// The most requests at a time on one connection.
    pub concurrent_streams: u32,
    /// Streams that the client reset before they were looked at: more end the connection.
    pub pending_reset_streams: usize,
    /// Streams that the server had to reset for errors of the client: more end the connection.
    pub local_reset_streams: usize,
    /// Bytes of one request body that may be on their way.
    pub stream_window: u32,
    /// Bytes of all bodies of a connection that may be on their way.
    pub connection_window: u32,
    /// Bytes of one answer that are kept for a client that does not take them.
    pub send_buffer: u32,
    /// Milliseconds between pings, or `"never"`.
    #[serde(with = "or_never")]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<or_never::OrNever>"))]
    pub ping_interval_ms: Option<u64>,
    /// Milliseconds for the answer to a ping.
    pub ping_timeout_ms: u64,
    /// Frames that bring nothing (pings, settings, empty data …) that a client may send at once: 16 at least, as it
    /// begins with some. Of empty data that does not end a stream the HTTP library takes a hundred in the life of a
    /// connection, whatever is set here.
    pub idle_frames: u32,
    /// And how many more each second.
    pub idle_frames_per_second: u32,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            concurrent_streams: 100,
            pending_reset_streams: 20,
            local_reset_streams: 256,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            send_buffer: 64 * 1024,
            ping_interval_ms: Some(20_000),
            ping_timeout_ms: 20_000,
            idle_frames: 250,
            idle_frames_per_second: 100,
        }
    }
}

/// A client begins with settings, their acknowledgement and a window, and some with half a dozen priorities.
const FEWEST: u32 = 16;

impl Http2Settings {
    pub(super) fn check(&self, faults: &mut Faults) -> Http2 {
        // RFC 9113, section 6.9.2; and what every connection has at its start.
        let (least, most) = (65_535, (1 << 31) - 1);
        between(faults, "http2.concurrent_streams", self.concurrent_streams, 1, u32::MAX);
        between(faults, "http2.stream_window", self.stream_window, 1, most);
        between(faults, "http2.connection_window", self.connection_window, least, most);
        between(faults, "http2.send_buffer", self.send_buffer, 1_024, 1 << 30);
        between(faults, "http2.idle_frames", self.idle_frames, FEWEST, u32::MAX);
        Http2 {
            concurrent_streams: self.concurrent_streams,
            pending_resets: self.pending_reset_streams,
            local_resets: self.local_reset_streams,
            stream_window: self.stream_window,
            connection_window: self.connection_window,
            send_buffer: usize::try_from(self.send_buffer).unwrap_or(usize::MAX),
            ping_interval: time_if_any(faults, "http2.ping_interval_ms", self.ping_interval_ms),
            ping_timeout: time(faults, "http2.ping_timeout_ms", self.ping_timeout_ms),
            idle_frames: self.idle_frames,
            idle_frames_each_second: self.idle_frames_per_second,
        }
    }
}
