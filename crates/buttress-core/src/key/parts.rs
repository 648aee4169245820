use std::borrow::Cow;

use super::writing::Kind;
use super::{KeyFor, KeyParts, KeyWriter};
use crate::stage::RequestHead;
use crate::{ClientAddress, PeerAddress, Principal};

/// A part that has no settings: its type, the function that makes it, and where it is found.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident, $Part:ident, [$($Kind:ident)?], |$request:ident, $key:ident| $write:block) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name() -> $Part {
            $Part { _priv: () }
        }

        #[doc = concat!("See [`", stringify!($name), "`].")]
        #[derive(Clone, Copy, Debug)]
        pub struct $Part {
            _priv: (),
        }

        impl KeyFor for $Part {
            #[inline]
            fn write(&self, $request: &dyn RequestHead, $key: &mut KeyWriter) {
                $write;
            }

            #[allow(unused_variables, reason = "one of them is no part at all")]
            fn describe(&self, parts: &mut KeyParts) {
                $(parts.add(Kind::$Kind);)?
            }
        }
    };
}

part! {
    /// Keys by the caller: one IPv4 address, or one IPv6 network, as a subscriber holds one.
    ///
    /// As the [`Context`](crate::Context) has found it, through the proxies that you trust. Without a context it
    /// is the peer of the socket: behind a proxy that is the proxy, and all clients share a key.
    /// Missing if the server does not say who is connected.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, address};
    /// use std::net::SocketAddr;
    ///
    /// let keyer = Keyer::random();
    /// let key = |peer: &str| {
    ///     let mut request = http::Request::new(());
    ///     request.extensions_mut().insert::<SocketAddr>(peer.parse().unwrap());
    ///     keyer.key_for(&address(), &request).key()
    /// };
    /// assert_eq!(key("[2001:db8::1]:1000"), key("[2001:db8::a:b:c:d]:2000"), "the same /64");
    /// assert_ne!(key("[2001:db8::1]:1000"), key("[2001:db8:0:1::1]:1000"));
    /// assert_eq!(key("[::ffff:192.0.2.1]:1000"), key("192.0.2.1:1000"));
    /// ```
    address, ByAddress, [Address], |request, key| {
        let client = match request.context() {
            Some(context) => context.client(),
            None => PeerAddress::seen(request.extensions()).map(|peer| ClientAddress::from(*peer)),
        };
        key.address(client.map(|client| client.network()))
    }
}

part! {
    /// Keys by the [`Principal`] in the context: who is asking, once authentication has found out.
    ///
    /// So it belongs behind authentication. Missing for unknown callers, and without a context.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, principal};
    /// use buttress_core::{Context, Principal, stage::{RequestHead, Stage}};
    ///
    /// let keyer = Keyer::random();
    /// let mut request = http::Request::new(());
    /// let memo = Context::default().enter(&mut request);
    /// assert!(!keyer.key_for(&principal(), &request).is_complete());
    ///
    /// assert!(request.context().unwrap().set_principal(Principal::new("ada")));
    /// assert_eq!(keyer.key_for(&principal(), &request).key(), keyer.writer().principal("ada").key());
    /// # drop(memo);
    /// ```
    principal, ByPrincipal, [Principal], |request, key| {
        key.principal(request.context().and_then(|context| context.principal()).map(Principal::id))
    }
}

part! {
    /// Keys by the tenant in the context: see [`RequestContext::set_tenant`](crate::RequestContext::set_tenant).
    ///
    /// Missing where nobody has set it, and without a context. Where a proxy of yours writes the tenant into a
    /// header, [`header`](super::header()) is for that.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, tenant};
    /// use buttress_core::{Context, stage::{RequestHead, Stage}};
    ///
    /// let keyer = Keyer::random();
    /// let mut request = http::Request::new(());
    /// let memo = Context::default().enter(&mut request);
    /// assert!(request.context().unwrap().set_tenant("acme"));
    /// assert_eq!(keyer.key_for(&tenant(), &request).key(), keyer.writer().tenant("acme").key());
    /// # drop(memo);
    /// ```
    tenant, ByTenant, [Tenant], |request, key| {
        key.tenant(request.context().and_then(|context| context.tenant()))
    }
}

part! {
    /// Keys by the session in the context: see [`RequestContext::set_session`](crate::RequestContext::set_session).
    ///
    /// So it belongs behind the stage that knows sessions. Missing for clients without one, and without a context.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, session};
    /// use buttress_core::{Context, stage::{RequestHead, Stage}};
    ///
    /// let keyer = Keyer::random();
    /// let mut request = http::Request::new(());
    /// let memo = Context::default().enter(&mut request);
    /// assert!(request.context().unwrap().set_session("s-17"));
    /// assert_eq!(keyer.key_for(&session(), &request).key(), keyer.writer().session("s-17").key());
    /// # drop(memo);
    /// ```
    session, BySession, [Session], |request, key| {
        key.session(request.context().and_then(|context| context.session()))
    }
}

part! {
    /// Keys by the template of the route, as `/orders/{id}`: there are as many keys as routes.
    ///
    /// From the context; with the feature `axum` also where there is none. Missing before routing, and for a path
    /// that has no route.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, route};
    /// use buttress_core::{Context, stage::{RequestHead, Stage}};
    ///
    /// let keyer = Keyer::random();
    /// let mut request = http::Request::get("/orders/7").body(())?;
    /// let memo = Context::default().enter(&mut request);
    /// assert!(request.context().unwrap().set_route("/orders/{id}"));
    /// assert_eq!(keyer.key_for(&route(), &request).key(), keyer.writer().route("/orders/{id}").key());
    /// # drop(memo);
    /// # Ok::<_, http::Error>(())
    /// ```
    route, ByRoute, [Route], |request, key| {
        key.route(template(request))
    }
}

part! {
    /// Keys by the method. A client may make one up: the number of keys is bounded by nothing but its length.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, method};
    ///
    /// let keyer = Keyer::random();
    /// let request = http::Request::post("/").body(())?;
    /// assert_eq!(keyer.key_for(&method(), &request).key(), keyer.writer().method(&http::Method::POST).key());
    /// # Ok::<_, http::Error>(())
    /// ```
    method, ByMethod, [Method], |request, key| {
        key.method(request.method())
    }
}

part! {
    /// Keys by the path, as it was sent: `/a` and `/%61` are two.
    ///
    /// A client makes up as many as it likes. To limit it, key by its address, and by the [`route`].
    ///
    /// ```
    /// use buttress_core::key::{Keyer, path};
    ///
    /// let keyer = Keyer::random();
    /// let request = http::Request::get("/orders?page=2").body(())?;
    /// assert_eq!(keyer.key_for(&path(), &request).key(), keyer.writer().path("/orders").key());
    /// # Ok::<_, http::Error>(())
    /// ```
    path, ByPath, [Path], |request, key| {
        key.path(request.uri().path())
    }
}

part! {
    /// Keys by nothing: all requests have the same key.
    ///
    /// ```
    /// use buttress_core::key::{Keyer, everyone};
    ///
    /// let keyer = Keyer::random();
    /// let key = |path| keyer.key_for(&everyone(), &http::Request::get(path).body(()).unwrap()).key();
    /// assert_eq!(key("/orders"), key("/lamps"));
    /// ```
    everyone, ByEveryone, [], |_request, _key| {}
}

fn template(request: &dyn RequestHead) -> Option<&str> {
    let known = request.context().and_then(|context| context.route());
    #[cfg(feature = "axum")]
    let known =
        known.or_else(|| Some(request.extensions().get::<axum::extract::MatchedPath>()?.as_str()));
    known
}

/// Adds a name to a key, that tells it apart from others of the same parts.
///
/// ```
/// use buttress_core::key::{Keyer, address, label};
///
/// let keyer = Keyer::random();
/// let request = http::Request::new(());
/// let logins = keyer.key_for(&(label("logins"), address()), &request);
/// let uploads = keyer.key_for(&(label("uploads"), address()), &request);
/// assert_ne!(logins.key(), uploads.key());
/// ```
#[must_use]
pub fn label(name: impl Into<Cow<'static, str>>) -> ByLabel {
    ByLabel { name: name.into() }
}

/// See [`label`](label()).
#[derive(Clone, Debug)]
pub struct ByLabel {
    name: Cow<'static, str>,
}

impl KeyFor for ByLabel {
    fn write(&self, _: &dyn RequestHead, key: &mut KeyWriter) {
        key.label(&self.name);
    }

    /// It is the same for all.
    fn describe(&self, _: &mut KeyParts) {}
}
