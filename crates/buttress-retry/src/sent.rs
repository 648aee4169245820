use std::fmt;

use buttress_core::GrpcCode;
use buttress_core::outcome::{Judgement, Outcome};
use http::{Extensions, HeaderMap, HeaderName, Method, Response, StatusCode, Uri};

use crate::head::{Head, is_grpc};

/// In the extensions of a request, it says that it may be sent more than once, whatever its method is.
///
/// ```
/// use buttress_retry::Repeatable;
/// use http::Request;
///
/// let mut search = Request::post("http://stock.internal/search").body("lamps")?;
/// search.extensions_mut().insert(Repeatable);
/// assert!(search.extensions().get::<Repeatable>().is_some());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct Repeatable;

/// What was sent, to decide whether to send it again: the head of the request.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    head: &'a Head,
}

impl<'a> Sent<'a> {
    pub(crate) const fn new(head: &'a Head) -> Self {
        Self { head }
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        &self.head.method
    }

    /// Where it was sent.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        &self.head.uri
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        &self.head.headers
    }

    /// What the caller left for the layers inside.
    #[must_use]
    pub const fn extensions(&self) -> &'a Extensions {
        &self.head.extensions
    }
}

impl fmt::Debug for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither address nor headers: both may hold secrets.
        f.debug_struct("Sent").field("method", self.method()).finish_non_exhaustive()
    }
}

/// What came back, to decide whether to send it again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    judgement: Judgement,
    status: Option<StatusCode>,
    grpc: Option<GrpcCode>,
}

impl Seen {
    /// An error came back.
    pub(crate) const fn error(judgement: Judgement) -> Self {
        Self { judgement, status: None, grpc: None }
    }

    /// An answer came back.
    pub(crate) fn answer<B>(judgement: Judgement, response: &Response<B>) -> Self {
        // As the judge has it: on any other answer the header is none of gRPC, and says nothing.
        let is_grpc = response.status() == StatusCode::OK && is_grpc(response.headers());
        let status = response.headers().get(GRPC_STATUS).filter(|_| is_grpc);
        let grpc = status.map(|value| {
            // A number has no sign in gRPC, while `parse` would read one.
            let digits = value.to_str().ok().filter(|text| !text.starts_with('+'));
            let code = digits.and_then(|text| text.parse().ok());
            code.map_or(GrpcCode::UNKNOWN, GrpcCode::from_u8)
        });
        Self { judgement, status: Some(response.status()), grpc }
    }

    /// How the call ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.judgement.outcome()
    }

    /// All that is known of it.
    pub const fn judgement(&self) -> Judgement {
        self.judgement
    }

    /// The status, if there was an answer.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The code of gRPC, if it stood in the head of an answer of gRPC, which is a 200 with that type of content.
    #[must_use]
    pub const fn grpc(&self) -> Option<GrpcCode> {
        self.grpc
    }
}

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
