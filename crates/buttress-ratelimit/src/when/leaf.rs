//! The conditions that are made of no others.

use std::fmt;

use buttress_core::address::Network;
use buttress_core::stage::RequestHead;
use buttress_core::{ClientAddress, PeerAddress, RequestContext};
use http::{HeaderName, HeaderValue, Method};

use super::hosts::{is_host, without_root};
use super::{Condition, reading};

pub(super) enum Leaf {
    Never,
    Methods(Box<[Method]>),
    Path(Box<str>),
    PathPrefix(Box<str>),
    HasHeader(HeaderName),
    Header(HeaderName, HeaderValue),
    Host(Box<str>),
    Addresses(Box<[Network]>),
    Probe,
    Own(Holds),
}

type Holds = Box<dyn Fn(&dyn RequestHead) -> bool + Send + Sync>;

/// Requests with this method.
///
/// ```
/// use buttress_ratelimit::when::{POST, method};
///
/// assert!(method(POST).holds(&http::Request::post("/orders").body(())?));
/// # Ok::<_, http::Error>(())
/// ```
pub fn method(method: Method) -> Condition {
    methods([method])
}

/// Requests with one of these methods.
pub fn methods(methods: impl IntoIterator<Item = Method>) -> Condition {
    Condition::of(Leaf::Methods(methods.into_iter().collect()))
}

/// Requests for this path, as it was sent. Whether `/%61`, or `/a/`, is `/a` [cannot be
/// known](crate::when#what-cannot-be-known), as some take it for that.
pub fn path(path: impl Into<String>) -> Condition {
    checked_path(path.into(), Leaf::Path)
}

/// Requests for this path and for what is below it: `/health` and `/health/live`, not `/healthy`.
///
/// ```
/// use buttress_ratelimit::when::path_prefix;
///
/// let health = path_prefix("/health");
/// let holds = |path: &str| health.holds(&http::Request::get(path).body(()).unwrap());
/// assert!(holds("/health") && holds("/health/live?full"));
/// assert!(!holds("/healthy"));
/// assert!(!holds("/health/../admin"), "nobody knows where this leads");
/// ```
pub fn path_prefix(path: impl Into<String>) -> Condition {
    checked_path(path.into(), |path| {
        Leaf::PathPrefix(path.strip_suffix('/').unwrap_or(&path).into())
    })
}

/// Requests that have this header, whatever it says.
pub fn has_header(name: impl AsRef<str>) -> Condition {
    match HeaderName::try_from(name.as_ref()) {
        Ok(name) => Condition::of(Leaf::HasHeader(name)),
        Err(_) => Condition::wrong(vec![format!("`{}` is no name of a header", name.as_ref())]),
    }
}

/// Requests that have this header with this value.
///
/// The value is compared byte by byte, and not in constant time: it is no password.
pub fn header(name: impl AsRef<str>, value: impl AsRef<str>) -> Condition {
    let named = HeaderName::try_from(name.as_ref());
    let valued = HeaderValue::try_from(value.as_ref());
    match (named, valued) {
        (Ok(name), Ok(value)) => Condition::of(Leaf::Header(name, value)),
        (Err(_), _) => {
            Condition::wrong(vec![format!("`{}` is no name of a header", name.as_ref())])
        }
        (_, Err(_)) => Condition::wrong(vec!["this is no value of a header".to_owned()]),
    }
}

/// Requests to this host, without its port. Neither case matters, nor a dot at the end.
pub fn host(name: impl Into<String>) -> Condition {
    let name = name.into();
    if without_root(&name).is_empty() || name.contains([':', '/', ' ']) {
        return Condition::wrong(vec![format!("`{name}` is no name of a host")]);
    }
    Condition::of(Leaf::Host(without_root(&name).into()))
}

/// Requests of callers with these addresses, or in these networks.
///
/// The caller is who the [context](buttress_core::Context) says it is; without one, who is connected. An empty list means
/// nobody: an exemption or a deny list of nobody is one, a policy for nobody is refused when it is built.
///
/// ```
/// use buttress_ratelimit::when::addresses;
/// use std::net::SocketAddr;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(SocketAddr::from(([10, 1, 2, 3], 4711)));
/// assert!(addresses(["10.0.0.0/8", "::1"]).holds(&request));
/// assert!(!addresses(["192.0.2.7"]).holds(&request));
/// ```
pub fn addresses<I>(networks: I) -> Condition
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let mut wrong = Vec::new();
    let mut read = Vec::new();
    for network in networks {
        match network.as_ref().parse() {
            Ok(network) => read.push(network),
            Err(error) => wrong.push(format!("{error}")),
        }
    }
    Condition { wrong, ..Condition::of(Leaf::Addresses(read.into())) }
}

/// Probes: what somebody outside has [marked](buttress_core::RequestContext::mark_probe) as one.
pub fn probe() -> Condition {
    Condition::of(Leaf::Probe)
}

/// Whatever a closure says.
///
/// ```
/// use buttress_core::stage::RequestHead;
/// use buttress_ratelimit::when::when_fn;
///
/// let searches = when_fn(|request: &dyn RequestHead| request.uri().query().is_some());
/// assert!(searches.holds(&http::Request::get("/lamps?colour=red").body(())?));
/// # Ok::<_, http::Error>(())
/// ```
pub fn when_fn<F>(holds: F) -> Condition
where
    F: Fn(&dyn RequestHead) -> bool + Send + Sync + 'static,
{
    Condition::of(Leaf::Own(Box::new(holds)))
}

fn checked_path(path: String, leaf: impl FnOnce(Box<str>) -> Leaf) -> Condition {
    if !path.starts_with('/') {
        return Condition::wrong(vec![format!("`{path}` is no path: it begins with `/`")]);
    }
    if path.contains(['?', '#']) || *reading::resolved(&path) != *path.as_bytes() {
        return Condition::wrong(vec![format!("`{path}` is not a plain path")]);
    }
    Condition::of(leaf(path.into()))
}

impl Leaf {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Methods(methods) => methods.is_empty(),
            Self::Addresses(networks) => networks.is_empty(),
            _ => false,
        }
    }

    /// Nothing, where it cannot be known.
    pub(super) fn holds(&self, request: &dyn RequestHead) -> Option<bool> {
        match self {
            Self::Never => Some(false),
            Self::Methods(methods) => Some(methods.contains(request.method())),
            Self::Path(path) => is_path(request, path.as_bytes()),
            Self::PathPrefix(prefix) => at_path(request, |asked| is_below(asked, prefix)),
            Self::HasHeader(name) => Some(request.headers().contains_key(name)),
            Self::Header(name, value) => {
                Some(request.headers().get_all(name).iter().any(|given| given == value))
            }
            Self::Host(name) => is_host(request, name),
            Self::Addresses(networks) => is_within(request, networks),
            Self::Probe => Some(request.context().is_some_and(RequestContext::is_probe)),
            Self::Own(holds) => Some(holds(request)),
        }
    }
}

/// Nothing, if it is another path that may be read as this one: some take `/a/` for `/a`, too.
fn is_path(request: &dyn RequestHead, path: &[u8]) -> Option<bool> {
    let sent = request.uri().path();
    let (is, may_be) = (sent.as_bytes() == path, bare(&reading::resolved(sent)) == bare(path));
    (is == may_be).then_some(is)
}

fn bare(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

/// Nothing, if the path may be read in two ways of which only one is meant.
fn at_path(request: &dyn RequestHead, is: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let path = request.uri().path();
    let sent = is(path.as_bytes());
    (sent == is(&reading::resolved(path))).then_some(sent)
}

fn is_below(path: &[u8], prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Who is calling, as the context says; without one, who is connected.
pub(crate) fn client(request: &dyn RequestHead) -> Option<ClientAddress> {
    match request.context() {
        Some(context) => context.client(),
        None => PeerAddress::find(request.extensions()).map(ClientAddress::from),
    }
}

/// The caller's network is not asked, but the address itself: a list names addresses.
fn is_within(request: &dyn RequestHead, networks: &[Network]) -> Option<bool> {
    let client = client(request)?;
    if client.is_cut_short() {
        return None;
    }
    let address = client.ip();
    Some(networks.iter().any(|network| network.contains(address)))
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Methods(methods) => write!(f, "method in {methods:?}"),
            Self::Path(path) => write!(f, "path {path}"),
            Self::PathPrefix(path) => write!(f, "path below {path}"),
            Self::HasHeader(name) => write!(f, "has header {name}"),
            // A value may be a secret.
            Self::Header(name, _) => write!(f, "header {name} as given"),
            Self::Host(name) => write!(f, "host {name}"),
            Self::Addresses(networks) => write!(f, "address in {networks:?}"),
            Self::Probe => f.write_str("probe"),
            Self::Own(_) => f.write_str("as a closure says"),
        }
    }
}
