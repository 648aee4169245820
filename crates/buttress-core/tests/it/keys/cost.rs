use std::sync::Arc;

use buttress_core::Principal;
use buttress_core::key::{
    Key, KeyFor, KeyWriter, Keyer, address, api_key, endpoint, everyone, header, host, key_fn,
    label, method, path, principal, route, tenant,
};
use buttress_core::stage::RequestHead;
use buttress_testkit::allocations;

use super::{keyer, request};

#[test]
fn no_part_allocates_found_or_missing() {
    let full = request("192.0.2.1:1", &[("authorization", "Bearer k"), ("host", "A.example")]);
    let context = full.context().unwrap();
    assert!(context.set_route("/") && context.set_tenant("acme"));
    assert!(context.set_principal(Principal::new("ada")));
    let empty = request("", &[]);
    let closure = key_fn(|request: &dyn RequestHead, key: &mut KeyWriter| {
        key.text(request.uri().query()).number(7);
    });
    let parts: [Arc<dyn KeyFor>; 15] = [
        Arc::new(address()),
        Arc::new(api_key()),
        Arc::new(endpoint()),
        Arc::new(everyone()),
        Arc::new(header("host")),
        Arc::new(host()),
        Arc::new(label("a")),
        Arc::new(method()),
        Arc::new(path()),
        Arc::new(principal()),
        Arc::new(route()),
        Arc::new(tenant()),
        Arc::new(closure),
        Arc::new(Some((address(), (route(), api_key())))),
        Arc::new((address(), route(), method(), path(), principal(), host())),
    ];
    for by in &parts {
        for request in [&full, &empty] {
            let seen = allocations::of(|| keyer().key_for(by, request)).1.allocations();
            assert_eq!(seen, 0, "{by:?}");
        }
    }
}

#[test]
fn nothing_that_is_done_with_a_key_allocates() {
    let keyer = keyer();
    allocations::assert_exactly(0, || {
        let key = keyer.scoped("limits").key_of(["a", "b"]);
        let digits = key.to_hex();
        assert_eq!(Key::parse(&digits), Some(key));
        let mut out = [0_u8; 32];
        std::io::Write::write_fmt(&mut &mut out[..], format_args!("{key}")).unwrap();
        assert_eq!(out, digits);
    });
}

#[test]
fn keys_and_keyers_are_small_and_shareable() {
    fn shareable<T: Copy + Send + Sync + 'static>() {}
    shareable::<Key>();
    shareable::<Keyer>();
    assert_eq!(size_of::<Key>(), 16);
    assert_eq!(size_of::<Option<Arc<dyn KeyFor>>>(), 2 * size_of::<usize>());
}
