//! What each part is found in, and what it is when that is missing or there twice.

use std::net::SocketAddr;
use std::sync::Arc;

use buttress_core::key::{
    KeyFor, KeyOutcome, KeyWriter, MissingKey, address, api_key, endpoint, everyone, header,
    header_named, host, key_fn, label, method, path, principal, route, session, tenant,
};
use buttress_core::stage::{RequestHead, Stage};
use buttress_core::{Context, Principal};
use http::{HeaderName, Method, Request};

use super::{bare, found, key, keyer, request};

#[test]
fn neighbours_in_one_ipv6_network_are_one_client() {
    let by = |peer| key(&address(), &request(peer, &[]));
    assert_eq!(by("[2001:db8::1]:1"), by("[2001:db8::ffff:ffff:ffff:ffff]:2"));
    assert_ne!(by("[2001:db8::1]:1"), by("[2001:db8:0:1::1]:1"));
    assert_ne!(by("192.0.2.1:1"), by("192.0.2.2:1"));
    assert_eq!(by("192.0.2.1:1"), by("192.0.2.1:2"), "the port is not who it is");
    assert_eq!(by("[::ffff:192.0.2.1]:1"), by("192.0.2.1:1"));
    assert_eq!(by("192.0.2.1:1"), key(&address(), &bare("192.0.2.1:1", &[])), "without a context");
}

#[test]
fn the_address_is_what_the_context_found_behind_proxies() {
    let context = Context::builder()
        .trusted_proxies(["10.0.0.0/8"])
        .addresses(|addresses| addresses.ipv6_prefix(56))
        .build()
        .unwrap();
    let by = |forwarded: &str| {
        let mut request = bare("10.0.0.1:80", &[("x-forwarded-for", forwarded)]);
        let _memo = context.enter(&mut request);
        key(&address(), &request)
    };
    assert_eq!(by("192.0.2.1"), key(&address(), &bare("192.0.2.1:1", &[])));
    assert_eq!(by("2001:db8:0:1::1"), by("2001:db8:0:2::1"));
    assert_ne!(by("2001:db8::1"), by("2001:db8:0:100::1"));
}

#[test]
fn slots_of_the_context_are_parts() {
    let known = request("192.0.2.1:1", &[]);
    let context = known.context().unwrap();
    assert!(context.set_route("/orders/{id}") && context.set_tenant("acme"));
    assert!(context.set_principal(Principal::new("ada")));
    assert_eq!(key(&route(), &known), keyer().writer().route("/orders/{id}").key());
    assert_eq!(key(&tenant(), &known), keyer().writer().tenant("acme").key());
    assert_eq!(key(&principal(), &known), keyer().writer().principal("ada").key());
    assert!(context.set_session("s-17"));
    assert_eq!(key(&session(), &known), keyer().writer().session("s-17").key());

    for by in [&route() as &dyn KeyFor, &tenant(), &session(), &principal(), &address()] {
        for unknown in [request("", &[]), bare("", &[])] {
            assert!(!found(by, &unknown).is_complete(), "{by:?}");
        }
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_route_is_axums_also_without_a_context() {
    use axum::{Router, extract::Request, middleware, routing::get};
    use tower::ServiceExt;

    let app = Router::new().route("/orders/{id}", get(|| async {})).layer(middleware::from_fn(
        async |request: Request, next: middleware::Next| {
            let found = keyer().key_for(&route(), &request);
            assert_eq!(found.key(), keyer().writer().route("/orders/{id}").key());
            next.run(request).await
        },
    ));
    let request = Request::get("/orders/7").body(axum::body::Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 200);
}

#[test]
fn method_and_path_are_as_sent() {
    let sent = Request::builder().method("PURGE").uri("/a%62?c").body(()).unwrap();
    let purge = Method::from_bytes(b"PURGE").unwrap();
    assert_eq!(key(&method(), &sent), keyer().writer().method(&purge).key());
    assert_eq!(key(&path(), &sent), keyer().writer().path("/a%62").key());
}

#[test]
fn a_header_is_its_value_without_the_space_around_it() {
    let by = |headers: &[(&'static str, &str)]| key(&header("x-shop"), &bare("", headers));
    let mut padded = bare("", &[]);
    // HTTP/2 hands such a value through.
    let value = http::HeaderValue::from_bytes(b" \tacme ").unwrap();
    padded.headers_mut().insert("x-shop", value.clone());
    assert_eq!(key(&header("x-shop"), &padded), by(&[("x-shop", "acme")]));
    let name = HeaderName::from_static("x-shop");
    assert_eq!(keyer().writer().header(&name, &value).key(), by(&[("x-shop", "acme")]));

    assert_ne!(by(&[("x-shop", "acme")]), by(&[("x-shop", "Acme")]));
    assert_ne!(by(&[("x-shop", "")]), by(&[]), "empty is not absent");
    assert_ne!(by(&[]), key(&header_named(HeaderName::from_static("x-other")), &bare("", &[])));
}

#[test]
fn two_values_are_no_value_and_cannot_be_skipped() {
    let by = |headers: &[(&'static str, &str)]| found(&header("x-shop"), &bare("", headers));
    let absent = by(&[]);
    let twice = by(&[("x-shop", "a"), ("x-shop", "b")]);
    let again = by(&[("x-shop", "a"), ("x-shop", "c")]);
    assert!(!twice.is_complete());
    assert_eq!((twice.key(), again.key()), (absent.key(), absent.key()), "no new key for each");
    assert_eq!(absent.or(MissingKey::Skip), KeyOutcome::Skip);
    assert_eq!(twice.or(MissingKey::Skip), KeyOutcome::Use(absent.key()));
    assert_eq!(twice.or(MissingKey::Share), KeyOutcome::Use(absent.key()));
    assert_eq!(twice.or(MissingKey::Refuse), KeyOutcome::Refuse);

    // One part that is ambiguous makes the whole key so, whatever else is missing.
    let request = bare("", &[("x-shop", "a"), ("x-shop", "b")]);
    for by in [&(header("x-shop"), principal()) as &dyn KeyFor, &(principal(), header("x-shop"))] {
        let found = found(by, &request);
        assert_eq!(found.or(MissingKey::Skip), KeyOutcome::Use(found.key()));
    }
    let same = by(&[("x-shop", "a"), ("x-shop", "a ")]);
    assert_eq!(same.or(MissingKey::Refuse), KeyOutcome::Use(by(&[("x-shop", "a")]).key()));
}

#[test]
fn what_is_complete_is_used_by_every_policy() {
    let found = found(&everyone(), &bare("", &[]));
    for policy in [MissingKey::Share, MissingKey::Skip, MissingKey::Refuse] {
        assert_eq!(found.or(policy), KeyOutcome::Use(found.key()));
    }
    assert_eq!(MissingKey::default(), MissingKey::Share);
}

#[test]
fn an_api_key_is_one_key_however_it_is_spelled() {
    let by = |headers: &[(&'static str, &str)]| key(&api_key(), &bare("", headers));
    let known = keyer().writer().api_key("k-17").key();
    let spellings: [&[_]; 7] = [
        &[("authorization", "Bearer k-17")],
        &[("authorization", "bEARER  k-17")],
        &[("authorization", "Bearer k-17 ")],
        &[("x-api-key", "k-17")],
        &[("x-api-key", "k-17"), ("x-api-key", "k-17")],
        &[("authorization", "Bearer k-17"), ("x-api-key", "k-17")],
        &[("authorization", "Basic YTpi"), ("x-api-key", "k-17")],
    ];
    for headers in spellings {
        assert_eq!(by(headers), known, "{headers:?}");
    }
}

#[test]
fn what_is_no_api_key_is_missing() {
    let by = |headers: &[(&'static str, &str)]| found(&api_key(), &bare("", headers));
    let none = keyer().writer().api_key(None).key();
    let missing: [&[_]; 6] = [
        &[],
        &[("authorization", "Basic k-17")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer  ")],
        &[("authorization", "Bearerk-17")],
        &[("x-api-key", " ")],
    ];
    for headers in missing {
        assert_eq!(by(headers).key(), none, "{headers:?}");
        assert_eq!(by(headers).or(MissingKey::Skip), KeyOutcome::Skip, "{headers:?}");
    }
}

/// Else a client would get a new limit for each request, by a second key that the service does not look at.
#[test]
fn two_api_keys_are_those_of_everyone_who_has_two() {
    let by = |headers: &[(&'static str, &str)]| found(&api_key(), &bare("", headers));
    let none = keyer().writer().api_key(None).key();
    let twice: [&[_]; 4] = [
        &[("authorization", "Bearer k-17"), ("x-api-key", "k-18")],
        &[("authorization", "Bearer k-17"), ("authorization", "Bearer k-18")],
        &[("x-api-key", "k-17"), ("x-api-key", "k-18")],
        &[("authorization", "Bearer k-17"), ("x-api-key", "k-17"), ("x-api-key", "k-18")],
    ];
    for headers in twice {
        assert_eq!(by(headers).or(MissingKey::Skip), KeyOutcome::Use(none), "{headers:?}");
        assert_eq!(by(headers).or(MissingKey::Refuse), KeyOutcome::Refuse, "{headers:?}");
    }
}

#[test]
fn an_api_key_in_one_header_does_not_look_at_others() {
    let both = bare("", &[("authorization", "Bearer k-17"), ("x-api-key", "k-18")]);
    let by = |name| key(&api_key().only_in(HeaderName::from_static(name)), &both);
    assert_eq!(by("authorization"), keyer().writer().api_key("k-17").key());
    assert_eq!(by("x-api-key"), keyer().writer().api_key("k-18").key());
    assert_eq!(by("x-shop-key"), keyer().writer().api_key(None).key());
}

#[test]
fn a_host_is_its_name_alone() {
    let by = |uri: &str, value: &str| {
        let mut request = bare("", if value.is_empty() { &[] } else { &[("host", "x")] });
        *request.uri_mut() = uri.parse().unwrap();
        if let Some(host) = request.headers_mut().get_mut("host") {
            *host = value.parse().unwrap();
        }
        key(&host(), &request)
    };
    let name = |name| keyer().writer().host(name).key();
    assert_eq!(by("https://user@EXAMPLE.org:1/", "other"), name("example.org"), "the address wins");
    assert_eq!(by("/", "Example.ORG.:443"), name("example.org"));
    assert_eq!(by("/", "[2001:DB8::1]:443"), name("[2001:db8::1]"));
    assert_eq!(by("https://[2001:db8::1]/", ""), name("[2001:db8::1]"));
    let long = format!("{}.example.org", "A".repeat(63));
    assert_eq!(by("/", &long), name(&*long.to_lowercase()));
    for missing in ["", ":443"] {
        assert_eq!(by("/", missing), keyer().writer().host(None).key());
    }
    let two = bare("", &[("host", "a"), ("host", "b")]);
    assert_eq!(
        found(&host(), &two).or(MissingKey::Skip),
        KeyOutcome::Use(keyer().writer().host(None).key())
    );
}

#[test]
fn an_endpoint_has_a_port_of_its_own_or_of_its_scheme() {
    let by = |uri: &str| key(&endpoint(), &Request::get(uri).body(()).unwrap());
    let at = |host, port| keyer().writer().endpoint((host, port)).key();
    assert_eq!(by("http://Stock.internal/a"), at("stock.internal", 80));
    assert_eq!(by("wss://stock.internal"), at("stock.internal.", 443));
    assert_eq!(by("https://stock.internal:80/"), at("stock.internal", 80));
    for missing in ["/", "stock.internal", "ftp://stock.internal/"] {
        assert_eq!(by(missing), keyer().writer().endpoint(None).key(), "{missing}");
    }
}

#[test]
fn a_tuple_is_its_parts_in_their_order() {
    let by = bare("192.0.2.1:1", &[("x-shop", "acme")]);
    let shop = || header("x-shop");
    assert_ne!(key(&(shop(), address()), &by), key(&(address(), shop()), &by));
    assert_eq!(key(&((shop(), address()), path()), &by), key(&(shop(), (address(), path())), &by));
    assert_eq!(key(&(everyone(), shop()), &by), key(&shop(), &by));
    assert_eq!(key(&(shop(),), &by), key(&shop(), &by));
    let six = (shop(), address(), path(), method(), label("a"), everyone());
    assert_eq!(key(&six, &by), key(&((shop(), address()), (path(), method(), label("a"))), &by));
    assert!(!found(&(shop(), principal()), &by).is_complete());
}

#[test]
fn a_key_may_be_chosen_at_run_time() {
    let by = bare("192.0.2.1:1", &[]);
    let chosen: Vec<Arc<dyn KeyFor>> = vec![Arc::new(address()), Arc::new((path(), method()))];
    assert_eq!(key(&chosen[0], &by), key(&address(), &by));
    assert_eq!(key(&(chosen[0].clone(), &path()), &by), key(&(address(), path()), &by));
    assert_eq!(key(&Some(address()), &by), key(&address(), &by));
    assert_eq!(key(&(None::<Arc<dyn KeyFor>>, path()), &by), key(&path(), &by));
    let boxed: Box<dyn KeyFor> = Box::new(address());
    assert_eq!(key(&boxed, &by), key(&address(), &by));
}

#[test]
fn a_closure_may_say_that_it_found_several() {
    let by = key_fn(|request: &dyn RequestHead, key: &mut KeyWriter| {
        match request.uri().query() {
            Some("two") => key.ambiguous(),
            query => key.text(query),
        };
    });
    let outcome = |uri: &str| found(&by, &Request::get(uri).body(()).unwrap()).or(MissingKey::Skip);
    let absent = keyer().writer().text(None).key();
    assert_eq!(outcome("/?one"), KeyOutcome::Use(keyer().writer().text("one").key()));
    assert_eq!(outcome("/"), KeyOutcome::Skip);
    assert_eq!(outcome("/?two"), KeyOutcome::Use(absent));
}

#[test]
fn a_key_is_found_for_a_stage_that_has_the_head_alone() {
    let mut request = Request::new(());
    request.extensions_mut().insert(SocketAddr::from(([192, 0, 2, 1], 1)));
    let head: &mut dyn RequestHead = &mut request;
    assert!(keyer().key_for(&address(), head).is_complete());
}
