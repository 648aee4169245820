use std::sync::Arc;
use std::sync::atomic::Ordering;

use buttress_core::clock::Moment;
use buttress_core::stage::RequestHead;
use buttress_core::{Code, Problem};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};

use crate::accept::Shape;
use crate::checks::{Inner, Written};
use crate::hops::{self, HopId};
use crate::json::{self, Short, concat};
use crate::paths::{Asked, Endpoint};
use crate::vital::Vital;
use crate::{CheckStatus, Status};

/// What answers say whatever the checks saw.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The member `version` with its comma; empty without one.
    version: Box<str>,
}

impl Texts {
    pub(crate) fn new(version: Option<&str>) -> Self {
        let member = |version| format!(r#","version":{}"#, json::string(version));
        Self { version: version.map(member).unwrap_or_default().into() }
    }
}

impl Inner {
    /// Whether this is a probe, and what it asks.
    #[inline]
    pub(crate) fn asked<'a>(&self, request: &'a dyn RequestHead) -> Option<Asked<'a>> {
        self.paths.find(request.uri().path())
    }

    /// Whether the gRPC service inside, if there is one, is asked.
    #[inline]
    pub(crate) fn is_grpc_probe(&self, request: &dyn RequestHead) -> bool {
        self.speaks_grpc.load(Ordering::Relaxed)
            && request.uri().path().starts_with("/grpc.health.v1.Health/")
    }

    /// Answers from memory: no I/O, no lock, nothing that waits.
    pub(crate) fn answer(
        &self,
        request: &dyn RequestHead,
        asked: Asked<'_>,
    ) -> Result<Response<Bytes>, Problem> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Problem::new(Code::METHOD_NOT_ALLOWED)
                .with_header(ALLOW, HeaderValue::from_static("GET, HEAD")));
        }
        mark(request);
        match asked.endpoint {
            Endpoint::Live => Ok(self.live(request)),
            Endpoint::Startup => Ok(self.startup(request)),
            Endpoint::Ready => self.ready(request, asked.group),
        }
    }

    fn live(&self, request: &dyn RequestHead) -> Response<Bytes> {
        let now = self.clock.now();
        let time = Short::time(self.clock.wall());
        let uptime = Short::of((now - self.started).as_secs());
        let status =
            if self.vitals.iter().all(Vital::is_alive) { Status::Ok } else { Status::Down };
        let shape = Shape::of(request.headers());
        let (version, uptime, time) = (&*self.texts.version, uptime.as_str(), time.as_str());
        let body = match shape {
            Shape::Plain => {
                let checks = self.vitals_for(request);
                let word = status.as_str();
                concat(&[
                    r#"{"status":""#,
                    word,
                    r#"","uptimeSeconds":"#,
                    uptime,
                    version,
                    r#","timestamp":""#,
                    time,
                    r#"""#,
                    &checks,
                    "}",
                ])
            }
            Shape::HealthJson => {
                let word = status.in_health_json();
                concat(&[
                    r#"{"status":""#,
                    word,
                    r#"""#,
                    version,
                    r#","checks":{"uptime":[{"componentType":"system","observedValue":"#,
                    uptime,
                    r#","observedUnit":"s","status":""#,
                    word,
                    r#"","time":""#,
                    time,
                    r#""}]}}"#,
                ])
            }
        };
        response(status.is_ready(), shape, body)
    }

    /// The member `checks` of liveness, for those who may see it.
    fn vitals_for(&self, request: &dyn RequestHead) -> String {
        if self.vitals.is_empty() || !self.access.allows(request) {
            return String::new();
        }
        let each = self.vitals.iter().map(|vital| {
            let health = vital.look();
            let (name, status) = (json::string(&vital.name), health.status());
            let message = health.message().map(|text| self.redact.text(text, 256));
            let message = message.map(|text| format!(r#","message":{}"#, json::string(&text)));
            format!(r#"{{"name":{name},"status":"{status}"{}}}"#, message.unwrap_or_default())
        });
        format!(r#","checks":[{}]"#, each.collect::<Vec<_>>().join(","))
    }

    fn startup(&self, request: &dyn RequestHead) -> Response<Bytes> {
        let status = if self.board.is_started() { Status::Ok } else { Status::Starting };
        let shape = Shape::of(request.headers());
        response(status.is_ready(), shape, self.status_alone(shape, status))
    }

    fn ready(
        &self,
        request: &dyn RequestHead,
        group: Option<&str>,
    ) -> Result<Response<Bytes>, Problem> {
        let unknown = || Problem::new(Code::NOT_FOUND).with_message("There is no such group.");
        let group = match group {
            Some(name) => Some(self.board.group(name).ok_or_else(unknown)?),
            None => None,
        };
        let now = self.clock.now();
        let via = hops::names(request.headers(), &hops::VIA);
        let status = if via.is_empty() {
            self.board.status(&self.board.verdict(now), group)
        } else {
            self.board.status_for(&via, group, now)
        };
        let shape = Shape::of(request.headers());
        let body = if self.access.allows(request) {
            self.details(&View { status, shape, group, via: &via, now })
        } else {
            self.status_alone(shape, status)
        };
        let mut response = response(status.is_ready(), shape, body);
        if !via.is_empty() {
            let ways = self.board.slots.iter().filter_map(|slot| slot.hops.as_ref());
            if let Some(names) = hops::through(&self.board.own, ways) {
                response.headers_mut().insert(hops::THROUGH, names);
            }
        }
        Ok(response)
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

    fn details(&self, view: &View<'_>) -> Bytes {
        let (version, status) = (&*self.texts.version, view.status);
        if view.shape == Shape::HealthJson {
            let checks = self.written_for(view);
            let word = status.in_health_json();
            let output = format!(r#","output":"{status}","checks":{{"#);
            return concat(&[r#"{"status":""#, word, r#"""#, version, &output, &checks, "}}"]);
        }
        let time = Short::time(self.clock.wall());
        let uptime = Short::of((view.now - self.started).as_secs());
        let summary = self.summary(view.now);
        let around = |checks: &str| {
            concat(&[
                r#"{"status":""#,
                status.as_str(),
                r#"","timestamp":""#,
                time.as_str(),
                r#"","uptimeSeconds":"#,
                uptime.as_str(),
                version,
                &summary,
                r#","checks":["#,
                checks,
                "]}",
            ])
        };
        if view.group.is_none() && view.via.is_empty() {
            around(&self.written(view.now).text)
        } else {
            around(&self.written_for(view))
        }
    }

    fn summary(&self, now: Moment) -> String {
        let Some(traffic) = &self.traffic else { return String::new() };
        let resident = self.resident.load(Ordering::Relaxed);
        json::summary(Some(traffic.flow(now)), (resident > 0).then_some(resident))
    }

    /// The list of all checks, from the last time if nothing came in since.
    fn written(&self, now: Moment) -> Arc<Written> {
        // Read before the checks are: what comes in meanwhile has it written again.
        let results = self.board.results.load(Ordering::Acquire);
        let edition = self.board.verdict(now).edition;
        if let Some(written) = &*self.written.load()
            && (written.results, written.edition) == (results, edition)
        {
            return written.clone();
        }
        let text = self.written_for(&View {
            status: Status::Ok,
            shape: Shape::Plain,
            group: None,
            via: &[],
            now,
        });
        let written = Arc::new(Written { results, edition, text: text.into() });
        self.written.store(Some(written.clone()));
        written
    }

    fn written_for(&self, view: &View<'_>) -> String {
        let mut text = String::new();
        for slot in self.board.members(view.group) {
            if !text.is_empty() {
                text.push(',');
            }
            let status: CheckStatus = self.board.judge_for(slot, view.via, view.now);
            match view.shape {
                Shape::Plain => slot.write(status, &mut text),
                Shape::HealthJson => slot.write_health_json(status, &mut text),
            }
        }
        text
    }
}

/// Says in the context that this is a probe; another method than a probe's is none.
pub(crate) fn mark(request: &dyn RequestHead) {
    if let (&Method::GET | &Method::HEAD, Some(context)) = (request.method(), request.context()) {
        context.mark_probe();
    }
}

/// What one answer with details shows.
struct View<'a> {
    status: Status,
    shape: Shape,
    group: Option<usize>,
    via: &'a [HopId],
    now: Moment,
}

fn response(is_well: bool, shape: Shape, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    if !is_well {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(shape.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
