//! A wall around a service, and what it told whom.

use std::convert::Infallible;
use std::fmt::{Debug, Write};
use std::future::Ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use buttress_core::metrics::{Counter, CounterSink, Description, Gauge, Histogram, Recorder};
use buttress_core::stage::{Keep, Stage, StageLayer};
use buttress_core::sync::Lock;
use buttress_core::{Context, Problem};
use buttress_error_envelope::{ErrorEnvelopeLayer, Negotiation};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::layer::util::Stack;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

pub type Wall = ServiceBuilder<
    Stack<ErrorEnvelopeLayer<Keep>, Stack<StageLayer<Context, Keep>, tower::layer::util::Identity>>,
>;

/// Context and envelope, negotiating.
pub fn wall() -> Wall {
    walled(negotiating(), ErrorEnvelopeLayer::default())
}

pub fn walled(context: Context, envelope: ErrorEnvelopeLayer) -> Wall {
    let context = context.layer().catch_panics().keep_body();
    ServiceBuilder::new().layer(context).layer(envelope.keep_body())
}

pub fn negotiating() -> Context {
    let formats = Negotiation::default().chooser();
    Context::builder().answers(|answers| answers.format(formats)).build().unwrap()
}

/// The answer of `router`, read to its end.
pub async fn ask(router: Router, request: Request<Body>) -> Response<Bytes> {
    whole(router.oneshot(request).await.unwrap()).await
}

pub async fn get(router: Router, path: &str) -> Response<Bytes> {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub async fn whole<B>(response: Response<B>) -> Response<Bytes>
where
    B: http_body::Body<Data = Bytes, Error: Debug>,
{
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// What a service behind the wall gives, that always answers `response`.
pub async fn given(response: Response<Body>) -> Response<Bytes> {
    given_to(response, Request::new(())).await
}

pub async fn given_to(response: Response<Body>, request: Request<()>) -> Response<Bytes> {
    whole(wall().service(once(response)).oneshot(request).await.unwrap()).await
}

/// A service that gives this answer, once.
pub fn once<B: Send + 'static>(
    response: Response<B>,
) -> impl Service<
    Request<()>,
    Response = Response<B>,
    Error = Infallible,
    Future = Ready<Result<Response<B>, Infallible>>,
> + Clone {
    let response = Arc::new(Lock::new(Some(response)));
    service_fn(move |_| std::future::ready(Ok(response.lock().take().unwrap())))
}

pub fn answer(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", kind);
    response.body(body.into()).unwrap()
}

pub fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// The error of the family's envelope, with the id that the header has.
pub fn error(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/json", "{response:?}");
    let error = json(response)["error"].clone();
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(error["correlationId"], id, "{response:?}");
    assert!(response.extensions().get::<Problem>().is_some());
    error
}

/// Keeps what is told to `tracing`: events, and fields of spans.
#[derive(Clone, Default)]
pub struct Log(Arc<Lock<Vec<String>>>);

impl Log {
    /// The lines since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }

    /// Keeps the fields that a span was given later.
    pub fn note(&self, values: &tracing::span::Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        if !line.0.is_empty() {
            self.0.lock().push(line.0);
        }
    }

    /// Listens on this thread, until the guard is dropped.
    #[must_use]
    pub fn listen(&self) -> tracing::subscriber::DefaultGuard {
        // An event that another thread meets first, where nobody listens, would be off for all of them.
        let _ = tracing::subscriber::set_global_default(Deaf);
        tracing::subscriber::set_default(self.clone())
    }
}

struct Line(String);

impl tracing::field::Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut line = Line("SPAN".into());
        span.record(&mut line);
        self.0.lock().push(line.0);
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut line = Line("SPAN".into());
        values.record(&mut line);
        self.0.lock().push(line.0);
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().push(line.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// Wants to hear everything, and keeps nothing.
struct Deaf;

impl tracing::Subscriber for Deaf {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// Keeps what is counted, by name and values.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Lock<Vec<Series>>>);

type Series = (String, Arc<Count>);

#[derive(Default)]
pub struct Count(AtomicU64);

impl CounterSink for Count {
    fn increment(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Ledger {
    /// What was counted, as in `name a b: 3`.
    pub fn counts(&self) -> Vec<String> {
        let series = self.0.lock();
        let count = |count: &Count| count.0.load(Ordering::Relaxed);
        let counted = series.iter().filter(|(_, sum)| count(sum) > 0);
        counted.map(|(name, sum)| format!("{name}: {}", count(sum))).collect()
    }
}

impl Recorder for Ledger {
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
        let count = Arc::new(Count::default());
        let name = [&[metric.name()], values].concat().join(" ");
        self.0.lock().push((name, count.clone()));
        Counter::new(count)
    }

    fn gauge(&self, _: &Description, _: &[&str]) -> Gauge {
        Gauge::none()
    }

    fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
        Histogram::none()
    }
}
