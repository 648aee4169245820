mod base64;
mod protobuf;

use std::sync::Arc;
use std::time::Duration;

use buttress_core::render::{GrpcStatus, Occasion, Render};
use buttress_core::{Place, Problem};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};

use self::protobuf::Message;

const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// What the details may weigh, in bytes, before they are encoded: a proxy or client may refuse headers of
/// more than 8 KiB in all.
const MOST: usize = 4_096;

/// A `google.protobuf.Duration` is no longer: more would be read as a time in the past.
const LONGEST_WAIT: Duration = Duration::from_secs(315_576_000_000);

/// A gRPC status with the details of `google.rpc`: `ErrorInfo`, `RequestInfo`, `RetryInfo` and `BadRequest`.
///
/// A field of the body is named as in `items[0].amount`, one elsewhere as in `query.page`.
///
/// It is core's [`GrpcStatus`], with `grpc-status-details-bin` beside. They weigh at most 4 KiB: the last
/// fields of a long `BadRequest` are left out.
///
/// ```
/// use buttress_core::Problem;
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::{Occasion, Render};
/// use buttress_error_envelope::RichGrpcStatus;
/// use tonic_types::StatusExt;
///
/// let format = RichGrpcStatus::new().domain("shop.example.org");
/// let answer = format.render(&Problem::gone(), &Occasion::at(Timestamp::EPOCH).correlation_id("r-1"));
///
/// let status = tonic::Status::from_header_map(answer.headers()).unwrap();
/// assert_eq!(status.get_details_request_info().unwrap().request_id, "r-1");
/// let info = status.get_details_error_info().unwrap();
/// assert_eq!((&*info.reason, &*info.domain), ("GONE", "shop.example.org"));
/// ```
///
/// # Cost
///
/// Six allocations beyond those of [`GrpcStatus`] at the most, for the message and for the header.
#[derive(Clone, Debug, Default)]
pub struct RichGrpcStatus {
    domain: Option<Arc<str>>,
}

impl RichGrpcStatus {
    /// Without a domain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whose codes these are, as in `shop.example.org`.
    #[must_use]
    pub fn domain(self, domain: impl Into<Arc<str>>) -> Self {
        Self { domain: Some(domain.into()) }
    }

    fn details(&self, problem: &Problem, occasion: &Occasion<'_>) -> Message {
        let mut status = Message::with_capacity(512);
        status.number(1, problem.code().grpc_code().as_u8().into());
        status.text(2, occasion.message(problem));
        any(&mut status, "ErrorInfo", |info| {
            info.text(1, problem.code().name());
            info.text(2, self.domain.as_deref().unwrap_or_default());
        });
        if let Some(id) = occasion.id() {
            any(&mut status, "RequestInfo", |info| info.text(1, id));
        }
        if let Some(wait) = problem.retry_after() {
            any(&mut status, "RetryInfo", |info| {
                info.message(1, |delay| {
                    let wait = wait.min(LONGEST_WAIT);
                    delay.number(1, wait.as_secs());
                    delay.number(2, wait.subsec_nanos().into());
                });
            });
        }
        violations(&mut status, problem, occasion);
        status
    }
}

impl Render for RichGrpcStatus {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut answer = GrpcStatus.render(problem, occasion);
        if occasion.is_brief() {
            return answer;
        }
        let details = self.details(problem, occasion);
        // A message of several KiB leaves no room for anything else.
        if details.len() <= MOST
            && let Ok(details) = HeaderValue::from_maybe_shared(base64::encoded(details.bytes()))
        {
            answer.headers_mut().insert(DETAILS, details);
        }
        answer
    }
}

fn violations(status: &mut Message, problem: &Problem, occasion: &Occasion<'_>) {
    let details = occasion.details(problem);
    if details.is_empty() {
        return;
    }
    // What frames them and the name of their type.
    let mut room = MOST.saturating_sub(status.len() + 64);
    any(status, "BadRequest", |request| {
        for detail in details {
            let before = request.len();
            request.message(1, |violation| {
                match detail.place() {
                    Place::Body => violation.text(1, &field(detail.pointer())),
                    place => violation.texts(1, &[place.as_str(), ".", detail.pointer()]),
                }
                violation.text(2, detail.message());
                violation.text(3, detail.code());
            });
            let Some(rest) = room.checked_sub(request.len() - before) else {
                return request.truncate(before);
            };
            room = rest;
        }
    });
}

/// What a JSON pointer points to, as gRPC has it: `items[0].amount`.
fn field(pointer: &str) -> String {
    let mut field = String::with_capacity(pointer.len());
    let names = pointer.strip_prefix('/').map(|pointer| pointer.split('/'));
    for name in names.into_iter().flatten() {
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            field.extend(["[", name, "]"]);
            continue;
        }
        let dot = if field.is_empty() { "" } else { "." };
        field.extend([dot, &*name.replace("~1", "/").replace("~0", "~")]);
    }
    if field.is_empty() { pointer.to_owned() } else { field }
}

/// A `google.protobuf.Any` with this type of `google.rpc`.
fn any(status: &mut Message, kind: &str, write: impl FnOnce(&mut Message)) {
    status.message(3, |any| {
        any.texts(1, &["type.googleapis.com/google.rpc.", kind]);
        any.message(2, write);
    });
}
