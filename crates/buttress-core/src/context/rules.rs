use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use tracing::warn;

use super::builder::Trust;
use super::hop::Hop;
use super::id::RequestId;
use super::peer::PeerAddress;
use super::seen::Seen;
use super::slots::Route;
use crate::address::AddressResolver;
use crate::clock::Moment;
use crate::deadline::{self, Deadline};
use crate::render::{Answers, Format};
use crate::stage::RequestHead;
use crate::trace::{RemoteTrace, SpanId, TraceContext, TraceId};

/// What a [`Context`](super::Context) goes by.
pub(super) struct Rules {
    pub(super) hop: Hop,
    pub(super) ids_from: Trust,
    pub(super) traces_from: Trust,
    pub(super) sampled: bool,
    pub(super) answers: Answers,
    pub(super) addresses: AddressResolver,
    pub(super) peer: Option<Find<SocketAddr>>,
    /// Whether it was said already that nobody says who is connected.
    pub(super) missed: AtomicBool,
}

pub(super) type Find<T> = Box<dyn Fn(&Extensions) -> Option<T> + Send + Sync>;

impl Rules {
    pub(super) fn peer(&self, extensions: &Extensions) -> Option<SocketAddr> {
        let peer = match &self.peer {
            Some(find) => find(extensions),
            None => PeerAddress::find(extensions),
        };
        if peer.is_none() && self.addresses.trusts_a_peer() {
            self.miss_peers();
        }
        peer
    }

    /// Says once that the settings about proxies do nothing, because nobody says who is connected.
    #[cold]
    fn miss_peers(&self) {
        if !self.missed.swap(true, Ordering::Relaxed) {
            warn!(target: "buttress", "proxies are trusted, but the server does not say who is connected");
        }
    }

    pub(super) fn id(
        &self,
        request: &dyn RequestHead,
        peer: Option<SocketAddr>,
        now: Moment,
        random: u64,
    ) -> RequestId {
        let trusted = self.trusts(self.ids_from, peer);
        let given = trusted.then(|| only(request.headers(), self.hop.id_header())).flatten();
        let given = given.and_then(RequestId::parse);
        given.unwrap_or_else(|| RequestId::made(self.hop.clock.get().wall_at(now), random))
    }

    pub(super) fn trace(
        &self,
        request: &dyn RequestHead,
        peer: Option<SocketAddr>,
        span: SpanId,
        [high, low]: [u64; 2],
        seen: Seen,
    ) -> TraceContext {
        let trusted = seen.trace && self.trusts(self.traces_from, peer);
        if let Some(remote) = trusted.then(|| RemoteTrace::extract(request.headers())).flatten() {
            return TraceContext::continued(remote, span);
        }
        let trace = TraceId::from_random(u128::from(high) << 64 | u128::from(low));
        TraceContext::started(trace, span).with_sampled(self.sampled)
    }

    /// In nanoseconds of the clock. Anyone may shorten the time of an own request.
    pub(super) fn deadline(
        &self,
        request: &dyn RequestHead,
        format: &Format,
        now: Moment,
        seen: Seen,
    ) -> u64 {
        let header = self.hop.deadline_header().filter(|_| seen.deadline);
        let time = deadline::said(request.headers(), format.is_grpc(), header);
        time.map_or(u64::MAX, |time| Deadline::after(now, time).moment().as_nanos())
    }

    fn trusts(&self, whom: Trust, peer: Option<SocketAddr>) -> bool {
        match whom {
            Trust::Anyone => true,
            Trust::Proxies => self.addresses.trusts(peer),
            Trust::Nobody => false,
        }
    }
}

/// The value of a header that is there once. Of two, one may be the client's own.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

#[cfg(feature = "axum")]
pub(super) fn route(extensions: &Extensions) -> OnceLock<Route> {
    let matched = extensions.get::<axum::extract::MatchedPath>().cloned();
    matched.map(Route::Axum).map_or_else(OnceLock::new, OnceLock::from)
}

#[cfg(not(feature = "axum"))]
pub(super) fn route(_: &Extensions) -> OnceLock<Route> {
    OnceLock::new()
}
