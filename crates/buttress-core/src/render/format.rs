use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderValue, Response};

use super::{GrpcStatus, JsonEnvelope, Occasion, Render};
use crate::Problem;
use crate::stage::RequestHead;

/// The format that the client of one request wants its errors in. Cheap to clone.
///
/// ```
/// use bytes::Bytes;
/// use buttress_core::render::{Format, Occasion, Render};
/// use buttress_core::{Code, Problem};
/// use http::Response;
///
/// #[derive(Debug)]
/// struct Plain;
///
/// impl Render for Plain {
///     fn render(&self, problem: &Problem, _: &Occasion<'_>) -> Response<Bytes> {
///         let mut answer = Response::new(Bytes::from(problem.message().to_owned()));
///         *answer.status_mut() = problem.status();
///         answer
///     }
/// }
///
/// let plain = Format::new(Plain);
/// let occasion = Occasion::at(buttress_core::clock::Timestamp::EPOCH);
/// let answer = plain.render(&Problem::new(Code::GONE), &occasion);
/// assert_eq!(answer.body(), "This is no longer here.");
/// ```
#[derive(Clone, Debug)]
pub struct Format {
    kind: Kind,
    negotiated: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Json,
    Grpc,
    Own(Arc<dyn Render>),
}

impl Format {
    /// The family's [`JsonEnvelope`].
    pub const JSON: Self = Self { kind: Kind::Json, negotiated: false };
    /// A [`GrpcStatus`].
    pub const GRPC: Self = Self { kind: Kind::Grpc, negotiated: false };

    /// A format of your own. Make it once, and clone it for each request.
    pub fn new(format: impl Render) -> Self {
        Self { kind: Kind::Own(Arc::new(format)), negotiated: false }
    }

    /// The same, chosen by what the client accepts: its answers say `Vary: Accept`, for caches to heed.
    #[must_use]
    pub fn negotiated(self) -> Self {
        Self { negotiated: true, ..self }
    }

    /// What a request shows by itself: gRPC for a gRPC request, JSON for any other.
    pub fn of(request: &dyn RequestHead) -> Self {
        let kind = request.headers().get(CONTENT_TYPE);
        if kind.is_some_and(is_grpc) { Self::GRPC } else { Self::JSON }
    }
}

/// Whether content of this type is gRPC.
pub(crate) fn is_grpc(kind: &HeaderValue) -> bool {
    let Some((family, kind)) = kind.as_bytes().split_at_checked(APPLICATION.len()) else {
        return false;
    };
    let Some((kind, rest)) = kind.split_at_checked(GRPC.len()) else { return false };
    // `application/grpc-web` is another protocol, whose trailers stand in the body. The family comes last: JSON has the
    // same.
    matches!(rest, [] | [b'+' | b';' | b' ', ..])
        && kind.eq_ignore_ascii_case(GRPC)
        && family.eq_ignore_ascii_case(APPLICATION)
}

const APPLICATION: &[u8] = b"application/";
const GRPC: &[u8] = b"grpc";

impl Format {
    /// Whether it is the family's own format for gRPC.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        matches!(self.kind, Kind::Grpc)
    }
}

impl Render for Format {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut answer = match &self.kind {
            Kind::Json => JsonEnvelope.render(problem, occasion),
            Kind::Grpc => GrpcStatus.render(problem, occasion),
            Kind::Own(format) => format.render(problem, occasion),
        };
        if self.negotiated {
            answer.headers_mut().append(VARY, HeaderValue::from_static("accept"));
        }
        answer
    }
}
