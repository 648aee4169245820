//! Any bytes as the value of `traceparent`.

use buttress_core::trace::{RemoteTrace, SpanId, TraceContext, TraceParent};
use http::{HeaderMap, HeaderValue};

/// What is read is what is sent on, as version 00 and with known flags; the rest is refused.
pub fn run(data: &[u8]) {
    let Some(parent) = TraceParent::parse(data) else { return };
    let written = parent.to_bytes();
    assert_eq!(TraceParent::parse(&written), Some(parent));
    assert_eq!(parent.to_string().as_bytes(), written);
    assert!(written.starts_with(b"00-") && parent.flags().bits() <= 3);

    // The ids stand in the input just as they are sent on.
    let start = data.iter().position(|byte| !b" \t".contains(byte)).unwrap_or_default();
    assert_eq!(data[start..][2..53], written[2..53]);

    // Whatever a later version may add, a header may still not be able to carry it.
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let remote =
        RemoteTrace::extract(&HeaderMap::from_iter([("traceparent".parse().unwrap(), value)]))
            .expect("one header, well-formed");
    let ours = TraceContext::continued(remote, SpanId::from_random(1));
    let mut outgoing = HeaderMap::new();
    ours.inject(&mut outgoing);
    assert_eq!(outgoing["traceparent"], ours.to_parent().to_string());
    assert_eq!(ours.trace_id(), parent.trace_id());
    assert_eq!(ours.parent_id(), Some(parent.parent_id()));
    assert_eq!(ours.flags(), parent.flags());
}
