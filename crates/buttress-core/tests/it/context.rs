//! Every request gets its context: nothing malformed gets in, nobody is believed who is not trusted.

use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, Timestamp};
use buttress_core::stage::{Gate, RequestHead, Stage, gate_fn};
use buttress_core::{
    Code, Context, ContextBuilder, ContextSettings, Deadline, Fault, PeerAddress, Principal,
    Problem, Redact, RequestContext, RequestId, Trust,
};
use buttress_testkit::log::Log;
use buttress_testkit::mock;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The context that `stage` gives to a request from `peer` with these headers.
fn context(stage: &Context, peer: &str, headers: &[(&str, &str)]) -> RequestContext {
    let mut request = Request::new(());
    request.extensions_mut().insert(peer.parse::<SocketAddr>().unwrap());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    entered(stage, &mut request)
}

/// The context that a request has once it has entered `stage`.
fn entered(stage: &Context, request: &mut Request<()>) -> RequestContext {
    assert!(Gate::enter(stage, request).is_ok());
    request.context().unwrap().clone()
}

fn behind(proxy: &str) -> Context {
    Context::builder().trusted_proxies([proxy]).build().unwrap()
}

#[test]
fn ids_are_made_and_sort_by_time() {
    let clock = ManualClock::new();
    let stage = Context::builder().clock(clock.clone()).build().unwrap();
    let mut before = context(&stage, "192.0.2.1:1", &[]).id().to_string();
    for _ in 0..1_000 {
        clock.advance(Duration::from_micros(1));
        let id = context(&stage, "192.0.2.1:1", &[]).id().to_string();
        assert!(id > before, "{id} {before}");
        before = id;
    }
}

#[test]
fn ids_made_at_the_same_instant_differ() {
    let time = Timestamp::from_millis(1);
    let ids: std::collections::HashSet<_> =
        (0..10_000).map(|_| RequestId::generate(time)).collect();
    assert_eq!(ids.len(), 10_000);
}

#[test]
fn an_id_is_taken_from_those_who_are_trusted_alone() {
    let given = [("x-request-id", "r-1")];
    let taken = |stage: &Context, peer| context(stage, peer, &given).id().as_str() == "r-1";

    assert!(!taken(&Context::default(), "10.0.0.1:1"), "nobody is trusted by default");
    assert!(taken(&behind("10.0.0.0/8"), "10.0.0.1:1"));
    assert!(!taken(&behind("10.0.0.0/8"), "192.0.2.1:1"));
    let anyone = Context::builder().request_ids_from(Trust::Anyone).build().unwrap();
    assert!(taken(&anyone, "192.0.2.1:1"));
    let twice = [("x-request-id", "of-the-client"), ("x-request-id", "r-1")];
    assert_eq!(context(&anyone, "192.0.2.1:1", &twice).id().as_str().len(), 36, "which of them?");
    let nobody = Context::builder().trusted_proxies(["10.0.0.0/8"]).request_ids_from(Trust::Nobody);
    assert!(!taken(&nobody.build().unwrap(), "10.0.0.1:1"));
}

#[test]
fn a_trace_is_continued_or_restarted_as_the_settings_say() {
    let given = [("traceparent", PARENT), ("tracestate", "a=1")];
    let continued = |stage: &Context, peer| {
        let context = context(stage, peer, &given);
        let trace = context.trace();
        let continued = *trace.trace_id().to_string() == PARENT[3..35];
        assert_eq!(continued, trace.parent_id().is_some());
        assert_eq!(continued, trace.state().get("a") == Some("1"));
        assert_ne!(trace.span_id().to_string(), &PARENT[36..52]);
        continued
    };
    assert!(continued(&Context::default(), "192.0.2.1:1"), "anyone's by default");
    let proxies = Context::builder().trusted_proxies(["10.0.0.0/8"]).traces_from(Trust::Proxies);
    let proxies = proxies.build().unwrap();
    assert!(continued(&proxies, "10.0.0.1:1"));
    assert!(!continued(&proxies, "192.0.2.1:1"));
}

#[test]
fn a_new_trace_is_sampled_if_the_settings_say_so() {
    for sample in [false, true] {
        let stage = Context::builder().sample_new_traces(sample).build().unwrap();
        let context = context(&stage, "192.0.2.1:1", &[]);
        let flags = context.trace().flags();
        assert_eq!((flags.sampled(), flags.random()), (sample, true));
    }
}

#[test]
fn the_client_is_found_through_trusted_proxies() {
    let forwarded = [("x-forwarded-for", "198.51.100.1, 203.0.113.7")];
    let client =
        |stage: &Context, peer| context(stage, peer, &forwarded).client().unwrap().to_string();
    assert_eq!(client(&behind("10.0.0.0/8"), "10.0.0.1:1"), "203.0.113.7");
    assert_eq!(client(&behind("10.0.0.0/8"), "192.0.2.1:1"), "192.0.2.1");
    assert_eq!(client(&Context::default(), "10.0.0.1:1"), "10.0.0.1");
}

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], 9))
}

#[test]
fn the_peer_is_found_where_servers_leave_it() {
    let client = |stage: &Context, insert: fn(&mut http::Extensions)| {
        let mut request = Request::new(());
        insert(request.extensions_mut());
        entered(stage, &mut request).client().map(|client| client.to_string())
    };
    let found = Some("192.0.2.9".to_owned());
    let stage = Context::default();
    assert_eq!(client(&stage, |_| {}), None);
    assert_eq!(client(&stage, |own| _ = own.insert(PeerAddress::new(address()))), found);
    assert_eq!(client(&stage, |own| _ = own.insert(address())), found);
    #[cfg(feature = "axum")]
    {
        use axum::extract::ConnectInfo;
        assert_eq!(client(&stage, |own| _ = own.insert(ConnectInfo(address()))), found);
    }

    let own = Context::builder().peer(|own| own.get::<(SocketAddr, u8)>().map(|peer| peer.0));
    let stage = own.build().unwrap();
    assert_eq!(client(&stage, |own| _ = own.insert((address(), 7_u8))), found);
    assert_eq!(client(&stage, |own| _ = own.insert(address())), None);
}

#[test]
fn a_deadline_is_read_and_only_ever_shrinks() {
    let clock = ManualClock::new();
    let stage = Context::builder().clock(clock.clone()).build().unwrap();
    let left = |headers: &[(&str, &str)]| {
        let deadline = context(&stage, "192.0.2.1:1", headers).deadline();
        deadline.map(|deadline| deadline.remaining(clock.now()))
    };
    let grpc = ("content-type", "application/grpc");
    assert_eq!(left(&[]), None);
    assert_eq!(left(&[("x-request-timeout-ms", "1500")]), Some(Duration::from_millis(1_500)));
    assert_eq!(left(&[grpc, ("grpc-timeout", "2S")]), Some(Duration::from_secs(2)));
    assert_eq!(left(&[("grpc-timeout", "2S")]), None, "not a gRPC request");
    assert_eq!(left(&[("x-request-timeout-ms", "soon")]), None);
    assert_eq!(left(&[("x-request-timeout-ms", "0")]), Some(Duration::ZERO));

    let context = context(&stage, "192.0.2.1:1", &[("x-request-timeout-ms", "1500")]);
    let given = context.deadline().unwrap();
    context.shorten_deadline(Deadline::after(clock.now(), Duration::from_secs(60)));
    assert_eq!(context.deadline(), Some(given));
    let sooner = Deadline::after(clock.now(), Duration::from_secs(1));
    context.shorten_deadline(sooner);
    assert_eq!(context.deadline(), Some(sooner));
}

#[test]
fn id_trace_and_deadline_are_carried_to_the_next_hop() {
    let clock = ManualClock::new();
    let stage = Context::builder().clock(clock.clone()).build().unwrap();
    let headers =
        [("traceparent", PARENT), ("tracestate", "a=1"), ("x-request-timeout-ms", "1500")];
    let context = context(&stage, "192.0.2.1:1", &headers);
    clock.advance(Duration::from_nanos(100_000_001));

    // Whatever a request said before is replaced.
    let mut outgoing = Request::get("/")
        .header("x-request-id", "old")
        .header("traceparent", "old")
        .header("tracestate", "old=1")
        .body(())
        .unwrap();
    context.propagate(&mut outgoing);
    let sent = |name: &str| {
        let values: Vec<_> = outgoing.headers().get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name}");
        values[0].to_str().unwrap().to_owned()
    };
    assert_eq!(sent("x-request-id"), context.id().as_str());
    assert_eq!(sent("traceparent"), format!("{}-{}-01", &PARENT[..35], context.trace().span_id()));
    assert_eq!(sent("tracestate"), "a=1");
    assert_eq!(sent("x-request-timeout-ms"), "1399", "rounded down");

    // What the caller of the next hop decided for itself may be less, never more.
    for (said, sent) in [("200", "200"), ("2000", "1399"), ("soon", "1399")] {
        let mut outgoing = Request::get("/").header("x-request-timeout-ms", said).body(()).unwrap();
        context.propagate(&mut outgoing);
        assert_eq!(outgoing.headers()["x-request-timeout-ms"], sent);
    }

    let mut grpc = Request::post("/").header("content-type", "application/grpc").body(()).unwrap();
    context.propagate(&mut grpc);
    assert_eq!(grpc.headers()["grpc-timeout"], "1399999u");
    assert!(!grpc.headers().contains_key("x-request-timeout-ms"));
}

#[test]
fn headers_have_the_names_that_the_settings_say() {
    let stage = Context::builder()
        .request_id_header(&HeaderName::from_static("x-correlation-id"))
        .request_ids_from(Trust::Anyone)
        .deadline_header(None)
        .build()
        .unwrap();
    let headers = [("x-correlation-id", "c-1"), ("x-request-timeout-ms", "5")];
    let context = context(&stage, "192.0.2.1:1", &headers);
    assert_eq!((context.id().as_str(), context.deadline()), ("c-1", None));

    context.shorten_deadline(Deadline::after(context.clock().now(), Duration::from_secs(1)));
    let mut outgoing = Request::new(());
    context.propagate(&mut outgoing);
    assert_eq!(outgoing.headers()["x-correlation-id"], "c-1");
    assert!(!outgoing.headers().contains_key("x-request-timeout-ms"));
}

#[tokio::test]
async fn the_id_is_echoed_on_the_response() {
    let (service, inner) = mock::service();
    inner.answer_with(|request: Request<()>| {
        let mut response = http::Response::new(http_body_util::Full::default());
        let id = request.context().unwrap().id().header_value();
        response.headers_mut().insert("x-seen", id);
        response.headers_mut().append("x-request-id", HeaderValue::from_static("forged"));
        Ok(response)
    });
    let response =
        Context::default().layer().layer(service).oneshot(Request::new(())).await.unwrap();
    let echoed: Vec<_> = response.headers().get_all("x-request-id").iter().collect();
    assert_eq!(echoed, [&response.headers()["x-seen"]]);
}

#[test]
fn the_outermost_context_is_right() {
    let stage = Context::builder().request_ids_from(Trust::Anyone).build().unwrap();
    let mut request = Request::get("/").header("x-request-id", "outer").body(()).unwrap();
    let outer = entered(&stage, &mut request);
    request.headers_mut().insert("x-request-id", HeaderValue::from_static("inner"));
    let inner = entered(&stage, &mut request);
    assert_eq!(inner.id(), outer.id());
}

const NAMES: [&str; 20] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t",
];

#[test]
fn slots_are_filled_once_and_read_by_all() {
    let context = context(&Context::default(), "192.0.2.1:1", &[]);
    let other = context.clone();
    assert!(context.set_route("/orders/{id}") && !other.set_route("/late"));
    assert!(
        context.set_principal(Principal::new("ada")) && !other.set_principal(Principal::new("eve"))
    );
    assert!(context.tenant().is_none());
    assert!(context.set_tenant("acme") && !other.set_tenant("late"));
    assert_eq!(other.tenant(), Some("acme"));
    assert!(context.session().is_none());
    assert!(context.set_session("s-17") && !other.set_session("late"));
    assert_eq!(other.session(), Some("s-17"));
    assert_eq!(other.route(), Some("/orders/{id}"));
    assert_eq!(other.principal().map(Principal::id), Some("ada"));

    context.set_label("cache", "miss");
    context.set_label("cache", "hit");
    assert_eq!((other.label("cache"), other.label("flag")), (Some("hit"), None));
    assert_eq!(other.labels(), [("cache", "hit")]);
    for name in NAMES {
        context.set_label(name, "1");
    }
    assert_eq!(NAMES.iter().filter(|name| context.label(name).is_some()).count(), 15);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn axums_route_template_is_known() {
    use axum::{Extension, Router, body::Body, routing::get};

    async fn route(Extension(context): Extension<RequestContext>) -> String {
        context.route().unwrap_or_default().to_owned()
    }
    let app = Router::new().route("/orders/{id}", get(route)).layer(Context::default().layer());
    let request = Request::get("/orders/7").body(Body::empty()).unwrap();
    let body = app.oneshot(request).await.unwrap().into_body();
    assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "/orders/{id}");
}

#[test]
fn wrong_settings_are_told_all_at_once() {
    let settings: ContextSettings = serde_json::from_str(
        r#"{
            "request_id_header": "",
            "deadline_header": "x y",
            "addresses": { "trusted_proxies": ["10.0.0.0/8", "nonsense"], "ipv6_prefix": 129 }
        }"#,
    )
    .unwrap();
    let error = settings.build().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(
        paths,
        [
            "addresses.trusted_proxies[1]",
            "addresses.ipv6_prefix",
            "request_id_header",
            "deadline_header"
        ]
    );
    assert!(serde_json::from_str::<ContextSettings>(r#"{"request_id": "x"}"#).is_err());

    let faults = |json| {
        let settings: ContextSettings = serde_json::from_str(json).unwrap();
        settings.build().map_or_else(|error| error.faults().len(), |_| 0)
    };
    assert_eq!(faults(r#"{"deadline_header": ""}"#), 0, "none");
    assert_eq!(faults(r#"{"deadline_header": "x-request-id"}"#), 1, "both the same");
    assert_eq!(faults(r#"{"request_id_header": "content-length"}"#), 1, "taken");
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(ContextSettings)).unwrap();
    for name in ["addresses", "request_id_header", "request_ids_from", "deadline_header"] {
        assert!(schema["properties"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn a_scope_ends_with_its_poll() {
    let context = context(&Context::default(), "192.0.2.1:1", &[]);
    let current = || RequestContext::current().map(|context| context.id().clone());
    let scoped = context.scope(async {
        let before = current();
        tokio::task::yield_now().await;
        (before, current())
    });
    let (outside, seen) = tokio::join!(async { current() }, scoped);
    assert_eq!(outside, None);
    assert_eq!(seen, (Some(context.id().clone()), Some(context.id().clone())));

    // Also after a panic.
    let panicking = context.scope(async { panic!("in scope") });
    assert!(tokio::spawn(panicking).await.is_err());
    assert_eq!(current(), None);
}

#[tokio::test]
async fn a_problem_is_told_to_the_log_once_without_its_secrets() {
    let log = Log::default();
    let _listening = log.listen();
    for (code, told) in [
        (
            Code::INTERNAL,
            "ERROR message=request failed code=\"INTERNAL\" status=500 request_id=\"ID\" ",
        ),
        (Code::GONE, "DEBUG message=request refused code=\"GONE\" status=410 request_id=\"ID\""),
    ] {
        let problem = Problem::new(code).with_source("no route to postgres://ada:hunter2@db7/shop");
        let refuse = gate_fn(move |_: &mut dyn RequestHead| Err(problem.clone()));
        let (service, _inner) = mock::service();
        let service =
            Context::default().then(Context::default()).then(refuse).layer().layer(service);
        let service = Context::default().layer().layer(service);
        let response = service.oneshot(Request::new(())).await.unwrap();

        let told = told.replace("ID", response.headers()["x-request-id"].to_str().unwrap());
        let seen = log.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(seen[0].starts_with(&told), "{seen:?}");
        assert!(!seen[0].contains("hunter2"), "{seen:?}");
        assert_eq!(seen[0].contains("no route to postgres://"), code == Code::INTERNAL);
    }
}

#[tokio::test]
async fn a_refusal_on_purpose_is_no_error_in_the_log_and_a_fault_is_one_whatever_its_code() {
    let log = Log::default();
    let _listening = log.listen();
    for (problem, level) in [
        (Problem::new(Code::OVERLOADED), "WARN message=request failed code=\"OVERLOADED\""),
        (Problem::timed_out(), "WARN message=request failed code=\"TIMED_OUT\" status=504"),
        (Problem::overloaded().with_source("the queue broke"), "ERROR"),
        (Problem::new(Code::INTERNAL), "ERROR message=request failed code=\"INTERNAL\""),
        (Problem::new(Code::NOT_IMPLEMENTED), "ERROR"),
        (Problem::rate_limited(Duration::ZERO), "DEBUG"),
        (Problem::new(Code::CONFLICT).with_source("it broke"), "DEBUG"),
        (
            Problem::new(Code::CONFLICT).with_status(StatusCode::BAD_GATEWAY).with_source("x"),
            "ERROR",
        ),
    ] {
        let refuse = gate_fn(move |_: &mut dyn RequestHead| Err(problem.clone()));
        let (service, _inner) = mock::service();
        let service = Context::default().then(refuse).layer().layer(service);
        assert!(service.oneshot(Request::new(())).await.is_ok());
        let seen = log.take();
        assert!(seen.len() == 1 && seen[0].starts_with(level), "{level}: {seen:?}");
    }
}

/// A body that is kept has the id of who wrote it: the log leads from the one to the other.
#[tokio::test]
async fn the_id_that_another_server_gave_is_told_to_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    for (brought, told) in [
        (Some("upstream-1"), Some("upstream_id=\"upstream-1\"")),
        (Some("no id\""), None),
        (None, None),
    ] {
        let (service, inner) = mock::service();
        inner.answer_with(move |_: Request<()>| {
            let mut response = Response::new(Full::<Bytes>::default());
            *response.status_mut() = StatusCode::CONFLICT;
            response.extensions_mut().insert(Problem::conflict());
            if let Some(brought) = brought {
                response.headers_mut().insert("x-request-id", HeaderValue::from_static(brought));
            }
            Ok(response)
        });
        let service = Context::default().layer().layer(service);
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_ne!(response.headers()["x-request-id"].to_str().ok(), brought);
        let lines = log.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        match told {
            Some(told) => assert!(lines[0].contains(told), "{lines:?}"),
            None => assert!(!lines[0].contains("upstream_id"), "{lines:?}"),
        }
    }
}

#[test]
fn that_nobody_says_who_is_connected_is_told_once() {
    let log = Log::default();
    let _listening = log.listen();
    for (stage, told) in [(Context::default(), 0), (behind("10.0.0.0/8"), 1)] {
        for _ in 0..3 {
            assert!(entered(&stage, &mut Request::new(())).client().is_none());
        }
        let seen = log.take();
        assert_eq!(seen.len(), told, "{seen:?}");
    }
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn what_a_tonic_handler_returned_is_told_too() {
    let log = Log::default();
    let _listening = log.listen();
    let (service, inner) = mock::service();
    inner.answer_with(|_: Request<()>| {
        let problem = Problem::new(Code::INTERNAL).with_source("no route to db7");
        Ok(tonic::Status::from(problem).into_http())
    });
    let service = Context::default().layer().layer(service);
    assert!(service.oneshot(Request::new(())).await.is_ok());
    let seen = log.take();
    assert!(seen.len() == 1 && seen[0].contains("no route to db7"), "{seen:?}");
}

proptest! {
    /// Whatever stands in the header, an id of the context may stand in a log line and in JSON as it is.
    #[test]
    fn no_malformed_id_gets_in(value in prop::collection::vec(any::<u8>(), 0..200)) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        let stage = Context::builder().request_ids_from(Trust::Anyone).build().unwrap();
        let mut request = Request::new(());
        request.headers_mut().insert("x-request-id", value);
        let context = entered(&stage, &mut request);
        let id = context.id().as_str();
        prop_assert!((1..=RequestId::MAX_LEN).contains(&id.len()));
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@~".contains(&byte);
        prop_assert!(id.bytes().all(harmless));
    }

    /// Any value of the deadline headers is read or left alone.
    #[test]
    fn any_deadline_is_read_or_left(value in prop::collection::vec(any::<u8>(), 0..20), grpc: bool) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        let mut request = Request::new(());
        if grpc {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        }
        let name = if grpc { "grpc-timeout" } else { "x-request-timeout-ms" };
        request.headers_mut().insert(name, value);
        let context = entered(&Context::default(), &mut request);
        context.propagate(&mut request);
    }
}

#[test]
fn headers_that_are_off_stay_off_through_a_file() {
    let off: ContextSettings =
        serde_json::from_str(r#"{"deadline_header": null, "attempt_header": ""}"#).unwrap();
    let written = serde_json::to_value(&off).unwrap();
    assert_eq!((&written["deadline_header"], &written["attempt_header"]), (&"".into(), &"".into()));
    let read: ContextSettings = serde_json::from_value(written).unwrap();
    assert!(read.build().is_ok());
}

#[test]
fn names_of_the_settings_are_hidden_beside_those_of_the_program() {
    let wrong: ContextSettings =
        serde_json::from_str(r#"{"redact": {"headers": ["x-ok", ""], "fields": ["größe"]}}"#)
            .unwrap();
    let error = wrong.build().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(Fault::path).collect();
    assert_eq!(paths, ["redact.headers[1]", "redact.fields[0]"]);

    let of_a_file = r#"{"redact": {"headers": ["x-partner"], "query_keys": ["seat"]}}"#;
    let settings: ContextSettings = serde_json::from_str(of_a_file).unwrap();
    let again = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<ContextSettings>(&again).unwrap(), settings);
    let program = Redact::builder().field("taxId").build().unwrap();
    let builder = ContextBuilder::from(settings).redact(program);
    let context = builder.build().unwrap();
    let redact = context.answers().redact();
    assert!(redact.hides_header("X-Partner") && redact.hides_query_key("seat"));
    assert!(redact.hides_field("tax_id") && !redact.hides_field("seat"));
}
