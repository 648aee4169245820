use std::sync::atomic::Ordering;

use buttress_core::render::{Format, NoFailure};
use buttress_core::stage::RequestHead;
use buttress_core::{Code, Problem};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};

use crate::Status;
use crate::accept::Shape;
use crate::details::View;
use crate::hops::{self, Via};
use crate::inner::Inner;
use crate::json::{self, Short, concat};
use crate::paths::{Asked, Endpoint};

/// What answers say whatever the checks saw.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The member `version` with its comma; empty without one.
    pub(crate) version: Box<str>,
    /// The same in `application/health+json`, whose `version` is that of the interface, and `releaseId` what is built
    /// anew each time: ours is both.
    pub(crate) release: Box<str>,
}

impl Texts {
    pub(crate) fn new(version: Option<&str>) -> Self {
        let Some(version) = version.map(json::string) else {
            return Self { version: Box::default(), release: Box::default() };
        };
        Self {
            version: format!(r#","version":{version}"#).into(),
            release: format!(r#","version":{version},"releaseId":{version}"#).into(),
        }
    }
}

impl Inner {
    /// Whether this is a probe, and what it asks.
    #[inline]
    pub(crate) fn asked<'a>(&self, request: &'a dyn RequestHead) -> Option<Asked<'a>> {
        let asked = self.paths.find(request.uri().path())?;
        (asked.is_ours || self.has(&asked)).then_some(asked)
    }

    /// Whether there is what is asked for: a group may be missing. While it is starting, there may be any soon.
    pub(crate) fn has(&self, asked: &Asked<'_>) -> bool {
        let there_is = |name: &str| self.board.is_held() || self.board.group(name).is_some();
        asked.group.is_none_or(there_is)
    }

    /// Whether the gRPC service inside, if there is one, is asked.
    #[inline]
    pub(crate) fn is_grpc_probe(&self, request: &dyn RequestHead) -> bool {
        self.speaks_grpc.load(Ordering::Relaxed) && is_grpc_probe(request)
    }

    /// Answers from memory: no I/O, no lock, nothing that waits.
    pub(crate) fn answer(
        &self,
        request: &dyn RequestHead,
        asked: Asked<'_>,
    ) -> Result<Response<Bytes>, Problem> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(refusal(Code::METHOD_NOT_ALLOWED)
                .with_header(ALLOW, HeaderValue::from_static("GET, HEAD")));
        }
        let unknown = || refusal(Code::NOT_FOUND).with_message("There is no such group.");
        let group = match asked.group {
            Some(name) if !self.board.is_held() => {
                Some(self.board.group(name).ok_or_else(unknown)?)
            }
            // What is starting answers for all that there may be.
            _ => None,
        };
        mark(request);
        Ok(match asked.endpoint {
            Endpoint::Live => self.live(request),
            Endpoint::Startup => self.startup(request),
            Endpoint::Ready => self.ready(request, group),
        })
    }

    fn startup(&self, request: &dyn RequestHead) -> Response<Bytes> {
        let status = if self.board.is_started() { Status::Ok } else { Status::Starting };
        let shape = Shape::of(request.headers());
        response(status.is_ready(), shape, self.status_alone(shape, status))
    }

    fn ready(&self, request: &dyn RequestHead, group: Option<usize>) -> Response<Bytes> {
        let (verdict, now) = self.board.verdict_and_time(self.clock.now());
        let mut via = Via::read(request.headers());
        let ways = (!via.is_empty()).then(|| self.board.ways(&verdict, now));
        let apart = ways.as_deref().and_then(|ways| self.board.status_for(&via, ways, group));
        if apart.is_none() {
            // No check leads there, so it is told what everybody is.
            via = Via::default();
        }
        let status = apart.unwrap_or_else(|| self.board.status(&verdict, group));
        let shape = Shape::of(request.headers());
        let body = if self.access.allows(request) {
            self.details(&View { status, shape, group, via, now })
        } else {
            self.status_alone(shape, status)
        };
        let mut response = response(status.is_ready(), shape, body);
        if let Some(names) = ways.as_ref().and_then(|ways| ways.through.clone()) {
            response.headers_mut().insert(hops::THROUGH, names);
        }
        response
    }

    fn status_alone(&self, shape: Shape, status: Status) -> Bytes {
        let time = Short::time(self.clock.wall());
        match shape {
            Shape::Plain => concat(&[
                r#"{"status":""#,
                status.as_str(),
                r#"","timestamp":""#,
                time.as_str(),
                r#""}"#,
            ]),
            Shape::HealthJson => concat(&[r#"{"status":""#, status.in_health_json(), r#""}"#]),
        }
    }
}

/// Whether it calls a method of `grpc.health.v1`. Nothing else is a probe: limits let probes pass.
pub(crate) fn is_grpc_probe(request: &dyn RequestHead) -> bool {
    let method = request.uri().path().strip_prefix("/grpc.health.v1.Health/");
    matches!(method, Some("Check" | "List" | "Watch"))
        && *request.method() == Method::POST
        && Format::of(request).is_grpc()
}

/// Says in the context that this is a probe; another method than a probe's is none.
pub(crate) fn mark(request: &dyn RequestHead) {
    if let (&Method::GET | &Method::HEAD, Some(context)) = (request.method(), request.context()) {
        context.mark_probe();
    }
}

/// A refusal that no cache keeps: the next who asks may be right.
pub(crate) fn refusal(code: Code) -> Problem {
    Problem::new(code).with_header(CACHE_CONTROL, NO_STORE)
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(crate) fn response(is_well: bool, shape: Shape, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    if !is_well {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        // That a service is not ready is no failure of it: an envelope around has nothing to mend.
        response.extensions_mut().insert(NoFailure);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(shape.content_type()));
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}
