//! The conditions that are made of no others, and when they hold.

use std::fmt;

use buttress_core::address::Network;
use buttress_core::stage::RequestHead;
use buttress_core::{ClientAddress, PeerAddress, RequestContext};
use http::{HeaderName, HeaderValue, Method};

use super::hosts::is_host;
use super::reading;

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
