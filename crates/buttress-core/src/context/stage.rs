use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method};
use tracing::level_filters::LevelFilter;
use tracing::warn;

use super::builder::{ContextBuilder, Trust};
use super::hop::Hop;
use super::id::RequestId;
use super::peer::PeerAddress;
use super::repeats;
use super::request::{Known, RequestContext};
use super::seen::Seen;
use super::settings::ContextSettings;
use super::slots::Route;
use crate::address::AddressResolver;
use crate::clock::Moment;
use crate::deadline::{self, Deadline};
use crate::render::{self, Answers, Format, Who};
use crate::stage::{Gate, RequestHead, ResponseHead};
use crate::sync::Lock;
use crate::trace::{RemoteTrace, SpanId, TraceContext, TraceId};
use crate::{Problem, outcome, random};

/// The outermost stage: gives every request its [`RequestContext`], and names it on the response.
///
/// It makes or accepts the request's id, continues or starts the W3C trace, finds out who is really
/// calling, notes when the request came and by when it has to be done, and which format of errors its
/// client wants. On the way out it [settles](crate::render::settle) problems that a handler returned, and
/// echoes the id.
///
/// ```
/// use buttress_core::{Context, RequestContext, stage::Stage};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = service_fn(|request: Request<()>| async move {
///     let context = request.extensions().get::<RequestContext>().unwrap();
///     assert_eq!(context.client().unwrap().to_string(), "203.0.113.7");
///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
/// });
/// let context = Context::builder().trusted_proxies(["10.0.0.0/8"]).build()?;
///
/// let mut request = Request::get("/").header("x-forwarded-for", "203.0.113.7").body(())?;
/// request.extensions_mut().insert(std::net::SocketAddr::from(([10, 0, 0, 1], 4711)));
/// let response = context.layer().layer(app).oneshot(request).await?;
/// assert!(response.headers().contains_key("x-request-id"));
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// - Nothing malformed from outside gets into the context, or out of it again.
/// - An id from outside is taken from those alone whom the settings trust: nobody, unless proxies are.
/// - A context that is there already stays: the outermost one is right.
///
/// # Cancellation
///
/// It takes nothing that would have to be given back.
///
/// # Events
///
/// A problem on its way out is told to `tracing`, once, and counted, as [`Answers`] says. A warning says,
/// once, that proxies are trusted and the server does not say who is connected.
///
/// If the span around declares a field `request_id`, the id is recorded there: so the trace has the same one
/// as header, body and log. With `tower_http`'s `TraceLayer` outside, let `make_span_with` declare
/// `request_id = tracing::field::Empty`.
///
/// # Cost
///
/// Two allocations, for the context and for its place in the extensions, beside the tables of extensions
/// and response headers. The id on the response shares a block of memory with others: at the worst one
/// request in 28 allocates one more of these, in two allocations.
///
/// # Errors
///
/// It refuses nothing. What is malformed counts as absent.
#[derive(Clone)]
pub struct Context {
    pub(super) rules: Arc<Rules>,
}

/// What a [`Context`] goes by.
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

impl Context {
    /// Starts from the defaults.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::from(ContextSettings::default())
    }

    /// How problems are answered here, for a layer that shall do it in the same way.
    #[must_use]
    pub fn answers(&self) -> &Answers {
        &self.rules.answers
    }
}

impl Default for Context {
    /// Trusts no proxy, and continues the traces of anyone.
    fn default() -> Self {
        ContextBuilder::build_default()
    }
}

impl Gate for Context {
    /// Nothing, where another context stands outside: that one is right.
    type Memo = Option<RequestContext>;

    fn enter(&self, request: &mut dyn RequestHead) -> Result<Self::Memo, Problem> {
        if request.context().is_some() {
            return Ok(None);
        }
        let context = RequestContext::new(self.read(request));
        name_span(context.id());
        request.extensions_mut().insert(context.clone());
        Ok(Some(context))
    }

    fn leave(&self, context: Self::Memo, response: &mut dyn ResponseHead) {
        let Some(context) = context else { return };
        render::settle(response, &context);
        if let Some(problem) = render::found(response.extensions()) {
            self.report(&problem, &context);
            render::mark_told(response);
        }
        if context.was_retried() {
            outcome::forbid_retry(response);
        }
        let (name, id) = (self.rules.hop.id_header(), context.id().header_value());
        // A map that is full carries no id: better than a panic.
        let _ = response.headers_mut().try_insert(name, id);
    }
}

impl Context {
    fn read(&self, request: &dyn RequestHead) -> Known {
        let rules = &self.rules;
        let peer = rules.peer(request.extensions());
        let started = rules.hop.clock.get().now();
        let shown = Format::of(request);
        let seen = Seen::of(request.headers(), &rules.hop);
        let attempt = rules.hop.attempt_header().filter(|_| seen.attempt);
        let deadline = rules.deadline(request, &shown, started, seen);
        let [for_id, for_span, high, low] = random::numbers();
        Known {
            id: rules.id(request, peer, started, for_id),
            trace: rules.trace(request, peer, SpanId::from_random(for_span), [high, low], seen),
            started,
            client: rules.addresses.resolve(peer, request.headers()),
            bodiless: request.method() == Method::HEAD,
            probe: AtomicBool::new(false),
            deadline: AtomicU64::new(deadline),
            repeats: repeats::read(request.headers(), shown.is_grpc(), attempt),
            retried: AtomicBool::new(false),
            route: route(request.extensions()),
            principal: OnceLock::new(),
            tenant: OnceLock::new(),
            session: OnceLock::new(),
            labels: Lock::new(Vec::new()),
            hop: rules.hop.clone(),
            format: rules.answers.chosen(request).unwrap_or(shown),
            languages: rules.answers.languages(request),
            answers: rules.answers.brought_along(),
        }
    }

    #[cold]
    fn report(&self, problem: &Problem, context: &RequestContext) {
        let (id, trace) = (Some(context.id().as_str()), Some(context.trace().trace_id()));
        let who = Who { id, trace, route: context.route() };
        self.rules.answers.report(problem, &who, context.clock().now());
    }
}

/// Gives the span around the id of its request, if it has a field for it.
fn name_span(id: &RequestId) {
    // One look at a number, where nobody traces.
    if LevelFilter::current() != LevelFilter::OFF {
        tracing::Span::current().record("request_id", id.as_str());
    }
}

impl Rules {
    fn peer(&self, extensions: &Extensions) -> Option<SocketAddr> {
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

    fn id(
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

    fn trace(
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
    fn deadline(&self, request: &dyn RequestHead, format: &Format, now: Moment, seen: Seen) -> u64 {
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
fn route(extensions: &Extensions) -> OnceLock<Route> {
    let matched = extensions.get::<axum::extract::MatchedPath>().cloned();
    matched.map(Route::Axum).map_or_else(OnceLock::new, OnceLock::from)
}

#[cfg(not(feature = "axum"))]
fn route(_: &Extensions) -> OnceLock<Route> {
    OnceLock::new()
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("id_header", self.rules.hop.id_header())
            .field("ids_from", &self.rules.ids_from)
            .field("traces_from", &self.rules.traces_from)
            .field("addresses", &self.rules.addresses)
            .finish_non_exhaustive()
    }
}
