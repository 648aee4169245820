//! What conditions are made of, as it is said.

use std::net::IpAddr;

use buttress_core::address::Network;
use buttress_core::stage::RequestHead;
use http::{HeaderName, HeaderValue, Method};

use super::hosts::without_root;
use super::leaf::Leaf;
use super::{Condition, reading};

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
///
/// ```
/// use buttress_ratelimit::when::{GET, HEAD, methods};
///
/// let reads = methods([GET, HEAD]);
/// assert!(reads.holds(&http::Request::head("/orders").body(())?));
/// assert!(!reads.holds(&http::Request::post("/orders").body(())?));
/// # Ok::<_, http::Error>(())
/// ```
pub fn methods(methods: impl IntoIterator<Item = Method>) -> Condition {
    Condition::of(Leaf::Methods(methods.into_iter().collect()))
}

/// Requests for this path, as it was sent. Whether `/%61`, or `/a/`, is `/a` [cannot be
/// known](crate::when#what-cannot-be-known), as some take it for that.
///
/// ```
/// use buttress_ratelimit::when::path;
///
/// let login = path("/login");
/// let holds = |path: &str| login.holds(&http::Request::get(path).body(()).unwrap());
/// assert!(holds("/login") && holds("/login?next=/"));
/// assert!(!holds("/login/sms") && !holds("/login/"));
/// ```
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
///
/// ```
/// use buttress_ratelimit::when::has_header;
///
/// let keyed = has_header("x-api-key");
/// assert!(keyed.holds(&http::Request::get("/").header("X-Api-Key", "").body(())?));
/// assert!(!keyed.holds(&http::Request::new(())));
/// # Ok::<_, http::Error>(())
/// ```
pub fn has_header(name: impl AsRef<str>) -> Condition {
    match HeaderName::try_from(name.as_ref()) {
        Ok(name) => Condition::of(Leaf::HasHeader(name)),
        Err(_) => Condition::wrong(vec![format!("`{}` is no name of a header", name.as_ref())]),
    }
}

/// Requests that have this header with this value.
///
/// The value is compared byte by byte, and not in constant time: it is no password.
///
/// ```
/// use buttress_ratelimit::when::header;
///
/// let beta = header("x-channel", "beta");
/// let says = |value: &str| beta.holds(&http::Request::get("/").header("x-channel", value).body(()).unwrap());
/// assert!(says("beta") && !says("Beta"));
/// ```
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
///
/// ```
/// use buttress_ratelimit::when::host;
///
/// let api = host("api.example.org");
/// let holds = |host: &str| api.holds(&http::Request::get("/").header("host", host).body(()).unwrap());
/// assert!(holds("API.example.org:8080") && !holds("example.org"));
/// ```
pub fn host(name: impl Into<String>) -> Condition {
    let name = name.into();
    if without_root(&name).is_empty() || name.contains([':', '/', ' ']) {
        return Condition::wrong(vec![format!("`{name}` is no name of a host")]);
    }
    Condition::of(Leaf::Host(without_root(&name).into()))
}

/// Requests of callers with these addresses, or in these networks.
///
/// The caller is who the [context](buttress_core::Context) says it is; without one, who is connected. An empty list
/// means nobody: an exemption or a deny list of nobody is one, a policy for nobody is refused when it is built. So is a
/// list with everybody in it (`0.0.0.0/0`), or with addresses that send nothing: `0.0.0.0/8`, `::`, the broadcast and
/// multicast.
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
            Ok(network) => match never_meant(&network) {
                None => read.push(network),
                Some(reason) => wrong.push(format!("`{network}` {reason}")),
            },
            Err(error) => wrong.push(format!("{error}")),
        }
    }
    Condition { wrong, ..Condition::of(Leaf::Addresses(read.into())) }
}

/// Why a list of callers cannot mean this network: everybody is no list, and from some addresses nothing is ever sent.
fn never_meant(network: &Network) -> Option<&'static str> {
    if network.prefix() == 0 {
        return Some("is everybody: to mean every request, leave the condition out");
    }
    let is_of_nobody = match network.first() {
        IpAddr::V4(first) => {
            first.octets()[0] == 0 && network.prefix() >= 8
                || first.is_broadcast()
                || first.is_multicast() && network.prefix() >= 4
        }
        IpAddr::V6(first) => {
            first.is_unspecified() && network.prefix() == 128
                || first.is_multicast() && network.prefix() >= 8
        }
    };
    is_of_nobody.then_some("is where no request comes from")
}

/// Probes: what somebody outside has [marked](buttress_core::RequestContext::mark_probe) as one.
///
/// ```
/// use buttress_core::{Context, stage::{RequestHead, Stage}};
/// use buttress_ratelimit::when::probe;
///
/// let mut request = http::Request::new(());
/// let _memo = Context::default().enter(&mut request);
/// assert!(!probe().holds(&request));
/// request.context().unwrap().mark_probe();
/// assert!(probe().holds(&request));
/// ```
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
