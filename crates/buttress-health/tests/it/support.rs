//! A probe asked by hand, and checks that a test has in its hand.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Cx, Poll, Waker};

use buttress_core::clock::TokioTimer;
use buttress_core::stage::Stage;
use buttress_core::sync::Lock;
use buttress_core::{Health, HealthStatus};
use buttress_health::{Check, HealthChecks};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::task::JoinSet;
use tower::{Layer, Service};

/// The service inside: what reaches it was no probe.
#[derive(Clone)]
pub struct Inside;

impl<B> Service<Request<B>> for Inside {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::ready(Ok(Response::new(Full::new(Bytes::from_static(b"inside")))))
    }
}

pub fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

/// An answer with its body read.
#[derive(Debug)]
pub struct Answer {
    pub head: http::response::Parts,
    pub body: Bytes,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn word(&self) -> String {
        self.json()["status"].as_str().unwrap().to_owned()
    }
}

/// Sends a request through a layer of this stage; it must be answered at the first poll.
pub fn ask_stage<T: Stage>(stage: T, request: Request<()>) -> Answer {
    let mut service = stage.layer().layer(Inside);
    let mut cx = Cx::from_waker(Waker::noop());
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut cx) else {
        panic!("an answer waits for nothing");
    };
    let (head, body) = response.into_parts();
    let Poll::Ready(Ok(body)) = pin!(body.collect()).poll(&mut cx) else { panic!("a body") };
    Answer { head, body: body.to_bytes() }
}

pub fn ask(health: &HealthChecks, request: Request<()>) -> Answer {
    ask_stage(health.stage(), request)
}

/// What a check finds is up to the test, and how often it was asked is known.
#[derive(Clone, Debug)]
pub struct Dependency {
    found: Arc<Lock<Health>>,
    runs: Arc<AtomicU64>,
}

impl Dependency {
    pub fn new(found: Health) -> Self {
        Self { found: Arc::new(Lock::new(found)), runs: Arc::default() }
    }

    pub fn set(&self, found: Health) {
        *self.found.lock() = found;
    }

    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    pub fn check(&self, name: &str) -> Check {
        let own = self.clone();
        Check::of(name, move || {
            own.runs.fetch_add(1, Ordering::Relaxed);
            let found = own.found.lock().clone();
            async move { found }
        })
    }
}

pub fn of(status: HealthStatus) -> Health {
    match status {
        HealthStatus::Up => Health::up(),
        HealthStatus::Degraded => Health::degraded("slow"),
        _ => Health::down("gone"),
    }
}

/// A check that never answers.
pub fn hanging(name: &str) -> Check {
    Check::of(name, std::future::pending)
}

/// Runs the checks on the runtime around; to be kept.
pub fn run(health: &HealthChecks) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for task in health.tasks(&TokioTimer) {
        tasks.spawn(task);
    }
    tasks
}
