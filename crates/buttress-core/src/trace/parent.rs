use std::fmt;
use std::str::FromStr;

use super::error::Malformed;
use super::id::{SpanId, TraceId};
use crate::hex;

/// What the caller says of the whole trace: was it sampled, and is its id random.
///
/// Flags that level 2 does not know are dropped where they come in, since they must not be sent on.
///
/// ```
/// use buttress_core::trace::TraceFlags;
///
/// let flags = TraceFlags::from_bits(0b1111_1110);
/// assert!(flags.random() && !flags.sampled());
/// assert_eq!(flags.with_sampled(true).to_string(), "03");
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct TraceFlags(u8);

impl TraceFlags {
    /// The caller may have recorded the trace.
    pub const SAMPLED: Self = Self(0b01);
    /// At least the right seven bytes of the trace id are random.
    pub const RANDOM: Self = Self(0b10);

    /// Keeps the flags that are known.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & (Self::SAMPLED.0 | Self::RANDOM.0))
    }

    /// The flags as they are sent.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the caller may have recorded the trace.
    #[must_use]
    pub const fn sampled(self) -> bool {
        self.0 & Self::SAMPLED.0 != 0
    }

    /// Whether at least the right seven bytes of the trace id are random.
    #[must_use]
    pub const fn random(self) -> bool {
        self.0 & Self::RANDOM.0 != 0
    }

    /// The same flags, with the sampled one as given.
    #[must_use]
    pub const fn with_sampled(self, sampled: bool) -> Self {
        Self(self.0 & !Self::SAMPLED.0 | sampled as u8)
    }
}

impl fmt::Display for TraceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl fmt::Debug for TraceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceFlags({self})")
    }
}

/// One `traceparent`: the trace, the caller's span in it, and the flags.
///
/// ```
/// use buttress_core::trace::TraceParent;
///
/// let parent: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
/// assert_eq!(parent.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
/// assert_eq!(parent.parent_id().to_string(), "b7ad6b7169203331");
/// assert!(parent.flags().sampled());
///
/// // A later version may say more; what this one knows is read, and written as version 00.
/// let later = TraceParent::parse(b"42-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-more");
/// let written = later.map(TraceParent::to_bytes);
/// assert_eq!(written, Some(*b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"));
/// # Ok::<(), buttress_core::trace::Malformed>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceParent {
    trace_id: TraceId,
    parent_id: SpanId,
    flags: TraceFlags,
}

impl TraceParent {
    /// The length of a `traceparent` of version 00.
    pub const LEN: usize = 55;

    /// Puts the parts together.
    #[must_use]
    pub const fn new(trace_id: TraceId, parent_id: SpanId, flags: TraceFlags) -> Self {
        Self { trace_id, parent_id, flags }
    }

    /// Reads the value of the header, with or without white space around it.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (value, rest) = trim(value).split_first_chunk::<{ Self::LEN }>()?;
        let version = hex::decode_byte([value[0], value[1]])?;
        let whole = match (version, rest) {
            (0xff, _) => false,
            (_, []) => true,
            // Later versions may only add fields, and say so with a dash.
            (later, [next, ..]) => later > 0 && *next == b'-',
        };
        if !whole || [value[2], value[35], value[52]] != *b"---" {
            return None;
        }
        let flags = hex::decode_byte([value[53], value[54]])?;
        Some(Self {
            trace_id: TraceId::parse(&value[3..35])?,
            parent_id: SpanId::parse(&value[36..52])?,
            flags: TraceFlags::from_bits(flags),
        })
    }

    /// The value of the header, in version 00.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut value = [b'-'; Self::LEN];
        hex::encode(&[0], &mut value[..2]);
        hex::encode(&self.trace_id.to_bytes(), &mut value[3..35]);
        hex::encode(&self.parent_id.to_bytes(), &mut value[36..52]);
        hex::encode(&[self.flags.bits()], &mut value[53..]);
        value
    }

    /// The trace that the caller is part of.
    #[must_use]
    pub const fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The caller's span: the parent of whatever is done for it.
    #[must_use]
    pub const fn parent_id(self) -> SpanId {
        self.parent_id
    }

    /// What the caller says of the trace.
    #[must_use]
    pub const fn flags(self) -> TraceFlags {
        self.flags
    }
}

impl FromStr for TraceParent {
    type Err = Malformed;

    fn from_str(value: &str) -> Result<Self, Malformed> {
        Self::parse(value.as_bytes()).ok_or(Malformed { what: "traceparent" })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.to_bytes()).unwrap_or_default())
    }
}

/// Takes away the spaces and tabs that may stand around the value of a header, and nothing else.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
