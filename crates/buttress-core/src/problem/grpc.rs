use http::StatusCode;

use super::Code;

/// A status code of gRPC.
///
/// ```
/// use buttress_core::GrpcCode;
///
/// assert_eq!(GrpcCode::RESOURCE_EXHAUSTED.as_u8(), 8);
/// assert_eq!(GrpcCode::from_u8(8), GrpcCode::RESOURCE_EXHAUSTED);
/// assert_eq!(GrpcCode::from_u8(200), GrpcCode::UNKNOWN);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct GrpcCode(u8);

macro_rules! grpc_codes {
    ($($name:ident = $number:literal: $meaning:literal,)*) => {
        impl GrpcCode {
            $(#[doc = $meaning] pub const $name: Self = Self($number);)*
        }
    };
}

grpc_codes! {
    OK = 0: "No error.",
    CANCELLED = 1: "The caller gave up.",
    UNKNOWN = 2: "An error of unknown kind.",
    INVALID_ARGUMENT = 3: "The request is wrong in itself.",
    DEADLINE_EXCEEDED = 4: "The time was over.",
    NOT_FOUND = 5: "There is no such thing.",
    ALREADY_EXISTS = 6: "There is such a thing already.",
    PERMISSION_DENIED = 7: "The caller may not.",
    RESOURCE_EXHAUSTED = 8: "A quota or some space is used up.",
    FAILED_PRECONDITION = 9: "The system is not in the state that this needs.",
    ABORTED = 10: "Another request came between.",
    OUT_OF_RANGE = 11: "Past the end of what there is.",
    UNIMPLEMENTED = 12: "The method is not there.",
    INTERNAL = 13: "Something broke.",
    UNAVAILABLE = 14: "Not now; later perhaps.",
    DATA_LOSS = 15: "Data is lost or corrupt.",
    UNAUTHENTICATED = 16: "The caller is not known.",
}

impl GrpcCode {
    /// The code with this number; [`UNKNOWN`](Self::UNKNOWN) if there is none.
    #[must_use]
    pub const fn from_u8(number: u8) -> Self {
        if number <= 16 { Self(number) } else { Self::UNKNOWN }
    }

    /// The number that is sent.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self.0
    }

    /// The code nearest to an HTTP status.
    pub(super) const fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 | 411 | 414 | 415 | 422 | 431 => Self::INVALID_ARGUMENT,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 | 410 => Self::NOT_FOUND,
            405 | 501 => Self::UNIMPLEMENTED,
            408 | 504 => Self::DEADLINE_EXCEEDED,
            409 => Self::ABORTED,
            412 | 428 => Self::FAILED_PRECONDITION,
            413 | 429 => Self::RESOURCE_EXHAUSTED,
            499 => Self::CANCELLED,
            502 | 503 => Self::UNAVAILABLE,
            500..=599 => Self::INTERNAL,
            _ => Self::UNKNOWN,
        }
    }
}

impl Code {
    /// The code for a status that somebody else gave: a refinement of the family's, the same to HTTP, and what it was
    /// to gRPC. One that says OK is no answer to an error: whoever made it did not know.
    pub(crate) fn of_grpc(status: GrpcCode) -> Self {
        let (code, status) = match status {
            GrpcCode::OK => (Self::INTERNAL, GrpcCode::UNKNOWN),
            GrpcCode::INVALID_ARGUMENT | GrpcCode::OUT_OF_RANGE => (Self::BAD_REQUEST, status),
            GrpcCode::DEADLINE_EXCEEDED => (Self::TIMED_OUT, status),
            GrpcCode::NOT_FOUND => (Self::NOT_FOUND, status),
            GrpcCode::ALREADY_EXISTS | GrpcCode::ABORTED => (Self::CONFLICT, status),
            GrpcCode::PERMISSION_DENIED => (Self::FORBIDDEN, status),
            GrpcCode::RESOURCE_EXHAUSTED => (Self::RATE_LIMITED, status),
            GrpcCode::FAILED_PRECONDITION => (Self::PRECONDITION_FAILED, status),
            GrpcCode::UNIMPLEMENTED => (Self::NOT_IMPLEMENTED, status),
            GrpcCode::UNAVAILABLE => (Self::UNAVAILABLE, status),
            GrpcCode::UNAUTHENTICATED => (Self::UNAUTHENTICATED, status),
            _ => (Self::INTERNAL, status),
        };
        code.grpc(status)
    }
}
