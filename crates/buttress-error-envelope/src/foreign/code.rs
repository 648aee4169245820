use buttress_core::Code;
use http::StatusCode;

/// The code that stands for a failure with this status, of whoever answered it.
///
/// A status that no code is made for gets one of the nearest kind, and stays what it is.
///
/// ```
/// use buttress_core::Code;
/// use buttress_error_envelope::code_of;
/// use http::StatusCode;
///
/// assert_eq!(code_of(StatusCode::PAYLOAD_TOO_LARGE), Code::PAYLOAD_TOO_LARGE);
/// assert_eq!(code_of(StatusCode::LOCKED), Code::CONFLICT);
/// assert_eq!(code_of(StatusCode::INSUFFICIENT_STORAGE), Code::INTERNAL);
/// ```
#[must_use]
pub fn code_of(status: StatusCode) -> Code {
    nearest(status).0
}

/// The code, and whether it is made for this status.
pub(super) fn nearest(status: StatusCode) -> (Code, bool) {
    let code = match status.as_u16() {
        400 => Code::BAD_REQUEST,
        401 | 407 => Code::UNAUTHENTICATED,
        402 | 403 | 451 => Code::FORBIDDEN,
        404 => Code::NOT_FOUND,
        405 => Code::METHOD_NOT_ALLOWED,
        406 => Code::NOT_ACCEPTABLE,
        408 => Code::REQUEST_TIMED_OUT,
        409 | 421 | 423 | 424 | 425 => Code::CONFLICT,
        410 => Code::GONE,
        411 => Code::LENGTH_REQUIRED,
        412 | 417 => Code::PRECONDITION_FAILED,
        413 => Code::PAYLOAD_TOO_LARGE,
        414 => Code::URI_TOO_LONG,
        415 => Code::UNSUPPORTED_MEDIA_TYPE,
        422 => Code::VALIDATION_FAILED,
        428 => Code::PRECONDITION_REQUIRED,
        429 => Code::RATE_LIMITED,
        431 => Code::HEADERS_TOO_LARGE,
        501 | 505 => Code::NOT_IMPLEMENTED,
        502 => Code::DEPENDENCY_FAILED,
        503 | 511 => Code::UNAVAILABLE,
        504 => Code::TIMED_OUT,
        status if status < 500 => Code::BAD_REQUEST,
        _ => Code::INTERNAL,
    };
    (code, code.status() == status)
}
