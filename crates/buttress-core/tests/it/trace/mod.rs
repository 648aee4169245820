//! The cases of the W3C test suite (`w3c/trace-context`, `test/test.py`) as tables, then properties.

mod cost;
mod parent;
mod properties;
mod state;

use buttress_core::trace::{RemoteTrace, SpanId, TraceContext, TraceId, TraceParent};
use http::{HeaderMap, HeaderName, HeaderValue};

const TRACE: &str = "12345678901234567890123456789012";

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |&(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).fold(HeaderMap::new(), |mut map, (name, value)| {
        map.append(name, value);
        map
    })
}

/// What a service that takes part in tracing tells the next one.
fn hop(incoming: &[(&str, &str)]) -> HeaderMap {
    let span_id = SpanId::from_random(0x5a);
    let trace = match RemoteTrace::extract(&headers(incoming)) {
        Some(remote) => TraceContext::continued(remote, span_id),
        None => TraceContext::started(TraceId::from_random(0x51), span_id),
    };
    let mut outgoing = HeaderMap::new();
    trace.inject(&mut outgoing);
    outgoing
}

/// Whether the trace goes on when these are the `traceparent` headers.
fn goes_on(parents: &[&str]) -> bool {
    let incoming: Vec<_> = parents.iter().map(|parent| ("traceparent", *parent)).collect();
    let parent: TraceParent = hop(&incoming)["traceparent"].to_str().unwrap().parse().unwrap();
    assert_eq!(parent.parent_id(), SpanId::from_random(0x5a), "never the caller's span");
    parent.trace_id().to_string() == TRACE
}

/// The one `tracestate` that is sent on when these came in.
fn passed_on(states: &[&str]) -> Option<String> {
    let parent = [("traceparent", PARENT)];
    let states = states.iter().map(|state| ("tracestate", *state));
    let outgoing = hop(&parent.into_iter().chain(states).collect::<Vec<_>>());
    assert_eq!(
        outgoing["traceparent"], "00-12345678901234567890123456789012-000000000000005a-01",
        "whatever tracestate says"
    );
    outgoing.get("tracestate").map(|state| state.to_str().unwrap().to_owned())
}

#[test]
fn a_trace_that_nobody_started_is_started() {
    let outgoing = hop(&[]);
    assert_eq!(outgoing["traceparent"], "00-00000000000000000000000000000051-000000000000005a-02");
    assert_eq!(outgoing.len(), 1);
}

#[test]
fn tracestate_without_a_valid_traceparent_is_discarded() {
    for parents in [&[][..], &["00-nonsense"], &[PARENT, PARENT]] {
        let parents = parents.iter().map(|parent| ("traceparent", *parent));
        let incoming: Vec<_> = parents.chain([("tracestate", "foo=1")]).collect();
        assert!(!hop(&incoming).contains_key("tracestate"), "{incoming:?}");
    }
}

#[test]
fn what_stood_in_the_outgoing_headers_is_replaced() {
    let stale = [
        ("traceparent", PARENT),
        ("traceparent", PARENT),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("x-other", "kept"),
    ];
    let mut outgoing = headers(&stale);
    let trace = TraceContext::started(TraceId::from_random(1), SpanId::from_random(2));
    trace.inject(&mut outgoing);
    assert_eq!(outgoing.get_all("traceparent").iter().count(), 1);
    assert_eq!(outgoing["traceparent"], trace.to_parent().to_string());
    assert!(!outgoing.contains_key("tracestate"), "another trace's");
    assert_eq!(outgoing["x-other"], "kept");

    let mut trace = trace;
    trace.state_mut().insert("ours", "1").unwrap();
    let mut outgoing = headers(&stale);
    trace.inject(&mut outgoing);
    assert_eq!(outgoing.get_all("tracestate").iter().collect::<Vec<_>>(), ["ours=1"]);
}

#[test]
fn a_map_without_room_carries_no_trace() {
    let mut outgoing = HeaderMap::new();
    for n in 0.. {
        let name = HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
        if outgoing.try_insert(name, HeaderValue::from_static("")).is_err() {
            break;
        }
    }
    TraceContext::started(TraceId::from_random(1), SpanId::from_random(2)).inject(&mut outgoing);
    assert!(!outgoing.contains_key("traceparent"));
}
