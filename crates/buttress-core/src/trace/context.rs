use http::{HeaderMap, HeaderName, HeaderValue};

use super::id::{SpanId, TraceId};
use super::parent::{TraceFlags, TraceParent};
use super::state::TraceState;

pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The trace that a caller asks to be part of.
///
/// ```
/// use buttress_core::trace::RemoteTrace;
/// use http::{HeaderMap, HeaderValue};
///
/// let parent = HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
/// let mut headers = HeaderMap::new();
/// headers.append("traceparent", parent.clone());
/// let remote = RemoteTrace::extract(&headers).unwrap();
/// assert_eq!(remote.parent().to_string(), parent);
///
/// // Who names two parents names none.
/// headers.append("traceparent", parent);
/// assert_eq!(RemoteTrace::extract(&headers), None);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemoteTrace {
    parent: TraceParent,
    state: TraceState,
}

impl RemoteTrace {
    /// Reads the headers of a request; `None` unless there is exactly one `traceparent`, well-formed.
    ///
    /// A malformed `tracestate` counts as none.
    #[must_use]
    pub fn extract(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(&TRACEPARENT).iter();
        let (Some(parent), None) = (parents.next(), parents.next()) else { return None };
        let parent = TraceParent::parse(parent.as_bytes())?;
        let state = TraceState::parse(headers.get_all(&TRACESTATE)).unwrap_or_default();
        Some(Self { parent, state })
    }

    /// The trace, and the caller's span in it.
    #[must_use]
    pub const fn parent(&self) -> TraceParent {
        self.parent
    }

    /// What other tracing systems wrote for themselves.
    #[must_use]
    pub const fn state(&self) -> &TraceState {
        &self.state
    }
}

/// The trace that a request is part of, and its own span there. See the [module](super) for an example.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    parent_id: Option<SpanId>,
    flags: TraceFlags,
    state: TraceState,
}

impl TraceContext {
    /// Goes on with the caller's trace, in a span of our own, with the caller's flags.
    #[must_use]
    pub fn continued(remote: RemoteTrace, span_id: SpanId) -> Self {
        let RemoteTrace { parent, state } = remote;
        Self {
            trace_id: parent.trace_id(),
            span_id,
            parent_id: Some(parent.parent_id()),
            flags: parent.flags(),
            state,
        }
    }

    /// Starts a trace of our own, not sampled until [`with_sampled`](Self::with_sampled) says so.
    ///
    /// Tells the others that the trace id is random: at least its right seven bytes must be.
    #[must_use]
    pub fn started(trace_id: TraceId, span_id: SpanId) -> Self {
        let (flags, state) = (TraceFlags::RANDOM, TraceState::default());
        Self { trace_id, span_id, parent_id: None, flags, state }
    }

    /// Tells the next hop whether this one records the trace.
    ///
    /// ```
    /// use buttress_core::trace::{SpanId, TraceContext, TraceId};
    ///
    /// let trace = TraceContext::started(TraceId::from_random(1), SpanId::from_random(2));
    /// assert!(!trace.flags().sampled());
    /// assert!(trace.with_sampled(true).flags().sampled());
    /// ```
    #[must_use]
    pub fn with_sampled(mut self, sampled: bool) -> Self {
        self.flags = self.flags.with_sampled(sampled);
        self
    }

    /// The whole trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Our own span: the parent of what the next hop does.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The caller's span, if the trace is the caller's.
    #[must_use]
    pub const fn parent_id(&self) -> Option<SpanId> {
        self.parent_id
    }

    /// What is said of the whole trace.
    #[must_use]
    pub const fn flags(&self) -> TraceFlags {
        self.flags
    }

    /// What each tracing system wrote for itself.
    #[must_use]
    pub const fn state(&self) -> &TraceState {
        &self.state
    }

    /// The same, to write a member of one's own.
    #[must_use]
    pub const fn state_mut(&mut self) -> &mut TraceState {
        &mut self.state
    }

    /// What the next hop is told of its parent.
    #[must_use]
    pub const fn to_parent(&self) -> TraceParent {
        TraceParent::new(self.trace_id, self.span_id, self.flags)
    }

    /// Writes the trace into the headers for the next hop, and takes away any other that stands there.
    pub fn inject(&self, headers: &mut HeaderMap) {
        let parent = HeaderValue::from_bytes(&self.to_parent().to_bytes());
        replace(headers, &TRACEPARENT, parent.ok());
        replace(headers, &TRACESTATE, self.state.header().cloned());
    }
}

/// Leaves `value` under `name`, and nothing else.
fn replace(headers: &mut HeaderMap, name: &'static HeaderName, value: Option<HeaderValue>) {
    let kept = value.is_some_and(|value| headers.try_insert(name, value).is_ok());
    // Also where a map has no more room: no trace is better than a stale one.
    if !kept {
        headers.remove(name);
    }
}
