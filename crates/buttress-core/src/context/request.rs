use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderValue, Response};

use super::hop::Hop;
use super::id::RequestId;
use super::slots::{Principal, Route};
use crate::clock::{Clock, Moment};
use crate::deadline::Deadline;
use crate::render::{self, Answers, Asking, Format, Occasion};
use crate::sync::Lock;
use crate::trace::TraceContext;
use crate::{ClientAddress, Problem};

/// What is known about one request: one extension, not ten.
///
/// The [`Context`](super::Context) stage puts it into the request's extensions; a handler reads it there.
/// Inner layers fill its slots (route, principal, tenant, session, labels), outer layers read them after the response.
/// Clones are the same context.
///
/// ```
/// use buttress_core::{Context, Principal, RequestContext, stage::Stage};
/// use http::Request;
///
/// let mut request = Request::new(());
/// let memo = Context::default().enter(&mut request);
///
/// let context = request.extensions().get::<RequestContext>().unwrap();
/// assert_eq!(context.id().as_str().len(), 36);
/// assert!(context.set_principal(Principal::new("ada")));
/// assert_eq!(context.principal().unwrap().id(), "ada");
///
/// let mut outgoing = Request::get("http://stock.internal/").body(()).unwrap();
/// context.propagate(&mut outgoing);
/// assert_eq!(outgoing.headers()["x-request-id"], context.id().as_str());
/// assert!(outgoing.headers().contains_key("traceparent"));
/// # drop(memo);
/// ```
#[derive(Clone)]
pub struct RequestContext(pub(super) Arc<Known>);

pub(super) struct Known {
    pub(super) hop: Hop,
    pub(super) id: RequestId,
    pub(super) trace: TraceContext,
    pub(super) started: Moment,
    pub(super) client: Option<ClientAddress>,
    pub(super) format: Format,
    /// How problems are answered, where the settings ask for more than a format.
    pub(super) answers: Option<Answers>,
    /// In which languages, if somebody speaks one.
    pub(super) languages: Option<HeaderValue>,
    /// Whether the answer has no body, as for `HEAD`.
    pub(super) bodiless: bool,
    /// Whether a machine asks for the health of the service.
    pub(super) probe: AtomicBool,
    /// In nanoseconds of the clock; the end of time for none.
    pub(super) deadline: AtomicU64,
    /// Whether it is gRPC.
    pub(super) grpc: bool,
    /// How often the request was sent before.
    pub(super) repeats: u32,
    /// Whether a call that was made for it was repeated in vain.
    pub(super) retried: AtomicBool,
    pub(super) route: OnceLock<Route>,
    pub(super) principal: OnceLock<Principal>,
    pub(super) tenant: OnceLock<Arc<str>>,
    pub(super) session: OnceLock<Arc<str>>,
    pub(super) labels: Lock<Vec<Label>>,
}

type Label = (&'static str, &'static str);

/// How many labels a request can carry; more are not kept.
const MOST_LABELS: usize = 16;

impl RequestContext {
    pub(super) fn new(known: Known) -> Self {
        Self(Arc::new(known))
    }

    /// The name of the request.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.0.id
    }

    /// Where the request stands in its trace.
    #[must_use]
    pub fn trace(&self) -> &TraceContext {
        &self.0.trace
    }

    /// When it came.
    #[must_use]
    pub fn started(&self) -> Moment {
        self.0.started
    }

    /// The clock that [`started`](Self::started) and the [`deadline`](Self::deadline) are read on.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.0.hop.clock.get()
    }

    /// Who is really calling; nothing if the server did not say who is connected.
    #[must_use]
    pub fn client(&self) -> Option<ClientAddress> {
        self.0.client
    }

    /// The format that the client wants its errors in.
    #[must_use]
    pub fn format(&self) -> &Format {
        &self.0.format
    }

    /// By when the request has to be done.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let nanos = self.0.deadline.load(Ordering::Relaxed);
        (nanos < u64::MAX).then(|| Deadline::at(Moment::from_nanos(nanos)))
    }

    /// Makes it be done by `deadline`, unless it has to be earlier anyway.
    pub fn shorten_deadline(&self, deadline: Deadline) {
        self.0.deadline.fetch_min(deadline.moment().as_nanos(), Ordering::Relaxed);
    }

    /// The template of the route that it took, as in `/orders/{id}`.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.0.route.get().map(Route::as_str)
    }

    /// Says which route it took. The first one to say so is right; for others it is `false`.
    pub fn set_route(&self, template: impl Into<Arc<str>>) -> bool {
        self.0.route.set(Route::from(template.into())).is_ok()
    }

    /// Who is asking, once that is known.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal.get()
    }

    /// Says who is asking. The first one to say so is right; for others it is `false`.
    #[must_use = "a request has one principal, and this may not be the one"]
    pub fn set_principal(&self, principal: Principal) -> bool {
        self.0.principal.set(principal).is_ok()
    }

    /// The stable id of the tenant in whose name the request is made, once that is known.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.0.tenant.get().map(AsRef::as_ref)
    }

    /// Says in whose name the request is made. The first one to say so is right; for others it is `false`.
    ///
    /// It is for a stage that has made sure of it: from a token, a certificate, a host name of the tenant's own.
    #[must_use = "a request has one tenant, and this may not be the one"]
    pub fn set_tenant(&self, id: impl Into<Arc<str>>) -> bool {
        self.0.tenant.set(id.into()).is_ok()
    }

    /// The stable id of the session that the request belongs to, once that is known.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.0.session.get().map(AsRef::as_ref)
    }

    /// Says which session the request belongs to. The first one to say so is right; for others it is `false`.
    ///
    /// The id is what names the session, not what opens it: never the token of a cookie.
    #[must_use = "a request has one session, and this may not be the one"]
    pub fn set_session(&self, id: impl Into<Arc<str>>) -> bool {
        self.0.session.set(id.into()).is_ok()
    }

    /// Says that this request is a probe: a machine that asks how the service is, every few seconds.
    ///
    /// Access logs, limits and traces leave such a request out. The stage that knows the paths of probes marks it; it
    /// costs one byte of the context, and no allocation.
    pub fn mark_probe(&self) {
        self.0.probe.store(true, Ordering::Relaxed);
    }

    /// Whether it is a [probe](Self::mark_probe), to be kept out of access logs, limits and traces.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.0.probe.load(Ordering::Relaxed)
    }

    /// Labels the outcome for outer layers to count and to log. Sixteen are kept, the last of each name.
    ///
    /// Name and value are constants of a program, so that what is counted by them stays bounded.
    pub fn set_label(&self, name: &'static str, value: &'static str) {
        let mut labels = self.0.labels.lock();
        match labels.iter().position(|label| label.0 == name) {
            Some(at) => labels[at].1 = value,
            None if labels.len() < MOST_LABELS => labels.push((name, value)),
            None => {}
        }
    }

    /// The labels that were set, in no order.
    #[must_use]
    pub fn labels(&self) -> Vec<(&'static str, &'static str)> {
        self.0.labels.lock().clone()
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&'static str> {
        self.0.labels.lock().iter().find(|label| label.0 == name).map(|label| label.1)
    }

    /// The answer to `problem`, in the format of this request and with its id.
    pub(crate) fn encode(&self, problem: &Problem) -> Response<Bytes> {
        let known = &*self.0;
        let clock = known.hop.clock.get();
        let occasion = Occasion::at(clock.wall()).correlation_id(known.id.as_str());
        let answer = match &known.answers {
            None => render::render_by_default(&known.format, problem, occasion),
            Some(answers) => {
                let (languages, now) = (known.languages.as_ref(), clock.now());
                let asking = Asking { format: &known.format, languages, client: known.client, now };
                answers.encode(problem, occasion, &asking)
            }
        };
        if known.bodiless { render::head_of(answer) } else { answer }
    }

    /// What a 401 says that nobody else has said.
    pub(crate) fn challenge(&self) -> Option<&HeaderValue> {
        self.0.answers.as_ref()?.challenge()
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("id", &self.0.id)
            .field("trace", &self.0.trace)
            .field("client", &self.0.client)
            .field("route", &self.route())
            .finish_non_exhaustive()
    }
}
