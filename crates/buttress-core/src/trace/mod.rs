//! W3C Trace Context, level 2: who called, in which trace, and what is told to the next hop.
//!
//! ```
//! use buttress_core::trace::{RemoteTrace, SpanId, TraceContext, TraceId};
//! use http::{HeaderMap, HeaderValue};
//!
//! let mut incoming = HeaderMap::new();
//! incoming.insert(
//!     "traceparent",
//!     HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"),
//! );
//! incoming.insert("tracestate", HeaderValue::from_static("rojo=00f067aa0ba902b7"));
//!
//! // Randomness comes from the caller: these would be drawn.
//! let (trace_id, span_id) = (TraceId::from_random(0x51), SpanId::from_random(0x5a));
//! let trace = match RemoteTrace::extract(&incoming) {
//!     Some(remote) => TraceContext::continued(remote, span_id),
//!     None => TraceContext::started(trace_id, span_id),
//! };
//!
//! let mut outgoing = HeaderMap::new();
//! trace.inject(&mut outgoing);
//! assert_eq!(
//!     outgoing["traceparent"],
//!     "00-0af7651916cd43dd8448eb211c80319c-000000000000005a-03"
//! );
//! assert_eq!(outgoing["tracestate"], "rojo=00f067aa0ba902b7");
//! ```
//!
//! # Guarantees
//!
//! - Nothing malformed is ever sent on. A malformed `traceparent`, or more than one, starts a new trace
//!   and drops `tracestate` with it; a malformed `tracestate` is dropped whole and the trace goes on.
//! - A `traceparent` of a later version is read as the specification asks, and sent on as version 00 with
//!   the two flags known to it, sampled and random.
//! - A `tracestate` in one well-formed header is sent on byte for byte.
//!   Of a key that stands there twice, the left and younger member is kept; see [`TraceState`] for the limits.
//!
//! # Cost
//!
//! Reading allocates nothing, unless `tracestate` must be written anew (it came in several headers, or
//! breaks a limit): that is one allocation. Otherwise its bytes are shared with the request's header, whose
//! buffer lives as long. Writing allocates the value of `traceparent`.

mod context;
mod error;
mod id;
mod list;
mod parent;
mod state;

pub(crate) use self::context::TRACEPARENT;
pub use self::context::{RemoteTrace, TraceContext};
pub use self::error::Malformed;
pub use self::id::{SpanId, TraceId};
pub use self::parent::{TraceFlags, TraceParent};
pub use self::state::{Members, TraceState};
