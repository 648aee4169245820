//! What keys say of themselves.

use std::sync::Arc;

use buttress_core::key::{
    KeyFor, KeyParts, KeyWriter, address, api_key, endpoint, everyone, header, host, key_fn, label,
    method, path, principal, route, session, tenant,
};
use buttress_core::stage::RequestHead;
use http::HeaderName;

fn of(by: &dyn KeyFor) -> KeyParts {
    KeyParts::of(by)
}

#[test]
fn what_authentication_finds_needs_the_caller() {
    for by in [&principal() as &dyn KeyFor, &tenant(), &session()] {
        assert!(of(by).needs_caller(), "{by:?}");
        assert!(of(&(address(), by)).needs_caller(), "{by:?}");
    }
    let early: [&dyn KeyFor; 8] = [
        &address(),
        &route(),
        &method(),
        &path(),
        &host(),
        &api_key(),
        &header("x-a"),
        &everyone(),
    ];
    for by in early {
        assert!(!of(by).needs_caller(), "{by:?}");
    }
}

/// Whatever stands around a key, it says what the key says.
#[test]
fn wrapping_hides_nothing() {
    let bare = of(&principal());
    let boxed: Box<dyn KeyFor> = Box::new(principal());
    let shared: Arc<dyn KeyFor> = Arc::new(principal());
    for by in [&boxed as &dyn KeyFor, &shared, &&principal(), &Some(principal()), &(principal(),)] {
        assert_eq!(of(by), bare, "{by:?}");
    }
    assert_eq!(of(&None::<Arc<dyn KeyFor>>), of(&everyone()));
    let six = (address(), (route(), method()), path(), host(), endpoint(), label("a"));
    assert_eq!(of(&six).to_string(), "address, route, method, path, host, endpoint");
}

#[test]
fn parts_are_the_same_if_they_find_the_same() {
    let shop = || api_key().only_in(HeaderName::from_static("x-shop"));
    let all = (header("x-shop"), api_key(), address(), session());
    for among in [&address() as &dyn KeyFor, &api_key(), &(session(), header("x-shop"))] {
        assert!(of(&all).contains(&of(among)), "{among:?}");
    }
    for other in [&shop() as &dyn KeyFor, &header("x-other"), &tenant(), &(address(), path())] {
        assert!(!of(&all).contains(&of(other)), "{other:?}");
    }
    assert!(of(&all).contains(&of(&everyone())), "it is nothing");
    assert!(of(&address()).contains(&of(&(label("logins"), address()))), "it is the same for all");
}

#[test]
fn what_does_not_say_is_nowhere() {
    let own = || {
        key_fn(|_: &dyn RequestHead, key: &mut KeyWriter| {
            key.text("eu");
        })
    };
    assert!(!of(&(own(), address())).contains(&of(&own())));
    assert!(of(&(own(), address())).contains(&of(&address())));
    assert_eq!(of(&(address(), own())).to_string(), "address, a part of one's own");
    assert_eq!(of(&shop("b")).to_string(), "own `b`");
    assert!(of(&shop("a")).contains(&of(&shop("a"))) && !of(&shop("a")).contains(&of(&shop("b"))));
    assert_eq!(of(&everyone()).to_string(), "nothing");
}

fn shop(name: &'static str) -> impl KeyFor {
    #[derive(Debug)]
    struct Shop(&'static str);

    impl KeyFor for Shop {
        fn write(&self, _: &dyn RequestHead, key: &mut KeyWriter) {
            key.text(self.0);
        }

        fn describe(&self, parts: &mut KeyParts) {
            parts.own(self.0);
        }
    }

    Shop(name)
}
