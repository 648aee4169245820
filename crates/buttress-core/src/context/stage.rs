use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use http::{Method, StatusCode};
use tracing::level_filters::LevelFilter;

use super::builder::ContextBuilder;
use super::id::RequestId;
use super::repeats;
use super::request::{Known, RequestContext};
use super::rules::{Rules, route};
use super::seen::Seen;
use super::settings::ContextSettings;
use crate::render::{self, Answers, Format, Who};
use crate::stage::{Gate, RequestHead, ResponseHead};
use crate::sync::Lock;
use crate::trace::SpanId;
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
#[must_use = "a stage does nothing until it is part of a layer"]
pub struct Context {
    pub(super) rules: Arc<Rules>,
}

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
        self.rules.answers.tell_left_out(context.started());
        name_span(context.id());
        request.extensions_mut().insert(context.clone());
        Ok(Some(context))
    }

    fn leave(&self, context: Self::Memo, response: &mut dyn ResponseHead) {
        let Some(context) = context else { return };
        render::settle(response, &context);
        if let Some(problem) = told_by(&context, response) {
            let upstream = self.upstream_id(&context, response);
            self.report(&problem, &context, upstream.as_ref());
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
            grpc: shown.is_grpc(),
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

    /// The id that an answer brought along and that ours takes the place of: a server that was asked has its own, and
    /// the body it wrote may say so.
    #[cold]
    fn upstream_id(
        &self,
        context: &RequestContext,
        response: &dyn ResponseHead,
    ) -> Option<RequestId> {
        let brought = RequestId::parse(response.headers().get(self.rules.hop.id_header())?)?;
        (brought.as_str() != context.id().as_str()).then_some(brought)
    }

    #[cold]
    fn report(&self, problem: &Problem, context: &RequestContext, upstream: Option<&RequestId>) {
        let (id, trace) = (Some(context.id().as_str()), Some(context.trace().trace_id()));
        let upstream = upstream.map(RequestId::as_str);
        let who = Who { id, upstream, trace, route: context.route() };
        self.rules.answers.report(problem, &who, context.clock().now());
    }
}

/// The problem of a response, or what a status of gRPC in its head stands for that somebody else gave.
fn told_by(context: &RequestContext, response: &dyn ResponseHead) -> Option<Problem> {
    let problem = render::found(response.extensions());
    if problem.is_some() || !context.0.grpc || response.status() != StatusCode::OK {
        return problem;
    }
    render::grpc_failure(response.headers())
}

/// Gives the span around the id of its request, if it has a field for it.
fn name_span(id: &RequestId) {
    // One look at a number, where nobody traces.
    if LevelFilter::current() != LevelFilter::OFF {
        tracing::Span::current().record("request_id", id.as_str());
    }
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
