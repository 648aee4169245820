use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;

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
pub struct Format(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Json,
    Grpc,
    Own(Arc<dyn Render>),
}

impl Format {
    /// The family's [`JsonEnvelope`].
    pub const JSON: Self = Self(Kind::Json);
    /// A [`GrpcStatus`].
    pub const GRPC: Self = Self(Kind::Grpc);

    /// A format of your own. Make it once, and clone it for each request.
    pub fn new(format: impl Render) -> Self {
        Self(Kind::Own(Arc::new(format)))
    }

    /// What a request shows by itself: gRPC for a gRPC request, JSON for any other.
    pub fn of(request: &dyn RequestHead) -> Self {
        const GRPC: &[u8] = b"application/grpc";
        let kind = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        let Some((kind, rest)) = kind.and_then(|kind| kind.split_at_checked(GRPC.len())) else {
            return Self::JSON;
        };
        // `application/grpc-web` is another protocol, whose trailers stand in the body.
        let ends = matches!(rest, [] | [b'+' | b';' | b' ', ..]);
        if ends && kind.eq_ignore_ascii_case(GRPC) { Self::GRPC } else { Self::JSON }
    }
}

impl Format {
    /// Whether it is the family's own format for gRPC.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        matches!(self.0, Kind::Grpc)
    }
}

impl Render for Format {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        match &self.0 {
            Kind::Json => JsonEnvelope.render(problem, occasion),
            Kind::Grpc => GrpcStatus.render(problem, occasion),
            Kind::Own(format) => format.render(problem, occasion),
        }
    }
}
