use buttress_core::trace::{RemoteTrace, SpanId, TraceContext, TraceParent};
use buttress_testkit::allocations;
use http::HeaderMap;

use super::{PARENT, headers};

/// How often the heap is asked when these headers are read.
fn reading(pairs: &[(&str, &str)]) -> u64 {
    let incoming = headers(pairs);
    // A server's headers are parts of one shared buffer; a lone value becomes shared when first cloned.
    let _shared = incoming.clone();
    let read = || drop(RemoteTrace::extract(&incoming).unwrap());
    allocations::of(read).1.allocations()
}

#[test]
fn reading_allocates_only_to_write_tracestate_anew() {
    let (parent, one) = (("traceparent", PARENT), ("tracestate", "foo=1,bar=2"));
    assert_eq!(reading(&[parent]), 0);
    assert_eq!(reading(&[parent, one]), 0);
    assert_eq!(reading(&[parent, ("tracestate", "FOO=1")]), 0, "malformed");
    assert_eq!(reading(&[parent, one, ("tracestate", "baz=3")]), 1);
    assert_eq!(reading(&[parent, ("tracestate", "foo=1,foo=2")]), 1);
}

#[test]
fn writing_allocates_the_value_of_traceparent() {
    let incoming = headers(&[("traceparent", PARENT), ("tracestate", "foo=1")]);
    let _shared = incoming.clone();
    let remote = RemoteTrace::extract(&incoming).unwrap();
    let trace = TraceContext::continued(remote, SpanId::from_random(1));
    let mut outgoing = HeaderMap::with_capacity(2);
    assert_eq!(allocations::of(|| trace.inject(&mut outgoing)).1.allocations(), 1);

    let parent = TraceParent::parse(PARENT.as_bytes()).unwrap();
    assert_eq!(allocations::of(|| assert_eq!(parent.to_bytes()[0], b'0')).1.allocations(), 0);
}
