use super::Code;

/// Declares codes of an application: a constant for each, and `ALL`, the table of them.
///
/// Name, status and message; then, where they differ from what usually follows from the status, whether it
/// is retryable, and its gRPC code. What is written above a code is its meaning in a catalogue.
///
/// ```
/// mod shop {
///     buttress_core::codes! {
///         /// Somebody else bought the last one.
///         OUT_OF_STOCK = CONFLICT, "This article is sold out.", retryable = true;
///         /// The bank says no.
///         PAYMENT_REFUSED = PAYMENT_REQUIRED, "The payment was refused.", grpc = FAILED_PRECONDITION;
///     }
/// }
///
/// assert_eq!(shop::ALL.len(), 2);
/// assert_eq!(shop::OUT_OF_STOCK.status(), 409);
/// assert!(shop::OUT_OF_STOCK.is_retryable());
/// assert_eq!(shop::PAYMENT_REFUSED.meaning(), "The bank says no.");
/// ```
#[macro_export]
macro_rules! codes {
    (@code $name:ident $status:ident $message:literal ($($doc:literal)*)
        $($set:ident = $to:ident)*
    ) => {
        $crate::Code::new(stringify!($name), $crate::__private::StatusCode::$status)
            .message($message)
            .documented(concat!($($doc),*))
            $(.$set($crate::codes!(@value $set $to)))*
    };
    (@value retryable $to:ident) => { $to };
    (@value grpc $to:ident) => { $crate::GrpcCode::$to };
    ($(
        $(#[doc = $doc:literal])*
        $name:ident = $status:ident, $message:literal $(, $set:ident = $to:ident)*;
    )*) => {
        $(
            $(#[doc = $doc])*
            pub const $name: $crate::Code =
                $crate::codes!(@code $name $status $message ($($doc)*) $($set = $to)*);
        )*

        /// Every code of this table, in its order.
        pub const ALL: &'static [$crate::Code] =
            &[$($crate::codes!(@code $name $status $message ($($doc)*) $($set = $to)*)),*];
    };
}

/// The codes of the family, in the order of their statuses.
impl Code {
    codes! {
        /// The request cannot be understood.
        BAD_REQUEST = BAD_REQUEST, "The request cannot be understood.";
        /// The caller is not known.
        UNAUTHENTICATED = UNAUTHORIZED, "Authentication is required.";
        /// The caller may not do this.
        FORBIDDEN = FORBIDDEN, "This is not allowed.";
        /// There is no such thing.
        NOT_FOUND = NOT_FOUND, "There is nothing here.";
        /// There is such a thing, but not for this method.
        METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "This method is not supported here.";
        /// No representation suits the client.
        NOT_ACCEPTABLE = NOT_ACCEPTABLE, "There is no representation that you accept.";
        /// The client was too slow in sending its request.
        REQUEST_TIMED_OUT = REQUEST_TIMEOUT, "The request took too long to arrive.";
        /// It contradicts the present state.
        CONFLICT = CONFLICT, "This conflicts with the present state.";
        /// It was there once.
        GONE = GONE, "This is no longer here.";
        /// The body must say how long it is.
        LENGTH_REQUIRED = LENGTH_REQUIRED, "The length of the body is required.";
        /// A condition of the client does not hold.
        PRECONDITION_FAILED = PRECONDITION_FAILED, "A condition of the request does not hold.";
        /// The body is too large.
        PAYLOAD_TOO_LARGE = PAYLOAD_TOO_LARGE, "The body is too large.";
        /// The address of the request is too long.
        URI_TOO_LONG = URI_TOO_LONG, "The address is too long.";
        /// The body is of a kind that is not understood.
        UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "This kind of content is not supported.";
        /// The request is well formed, but its values are not acceptable.
        VALIDATION_FAILED = UNPROCESSABLE_ENTITY, "Some values are not acceptable.";
        /// The request must say which state it is based on.
        PRECONDITION_REQUIRED = PRECONDITION_REQUIRED, "The request must be conditional.";
        /// A quota is used up.
        RATE_LIMITED = TOO_MANY_REQUESTS, "Too many requests.";
        /// The headers are too many or too long.
        HEADERS_TOO_LARGE = REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.";
        /// Something broke.
        INTERNAL = INTERNAL_SERVER_ERROR, "Something went wrong on our side.";
        /// The database has failed, or did not do as it was told.
        DATABASE_FAILED = INTERNAL_SERVER_ERROR, "Something went wrong with our data.";
        /// The server cannot do this.
        NOT_IMPLEMENTED = NOT_IMPLEMENTED, "This is not implemented.";
        /// Something that the server needs has failed.
        DEPENDENCY_FAILED = BAD_GATEWAY, "A service that is needed for this has failed.";
        /// The server cannot work now.
        UNAVAILABLE = SERVICE_UNAVAILABLE, "The service is not available at the moment.";
        /// The server has more to do than it can.
        OVERLOADED = SERVICE_UNAVAILABLE, "The service has too much to do at the moment.";
        /// A circuit breaker keeps calls from something that the server needs: it has failed too often.
        CIRCUIT_OPEN = SERVICE_UNAVAILABLE, "A service that is needed for this is not available at the moment.";
        /// As many calls as allowed are on their way to something that the server needs.
        SATURATED = SERVICE_UNAVAILABLE, "A service that is needed for this has too much to do at the moment.";
        /// Calls are held back from something that the server needs: it has turned most of them away, or takes no more
        /// than so many.
        THROTTLED_LOCALLY = SERVICE_UNAVAILABLE, "A service that is needed for this takes few requests at the moment.";
        /// The time for this was over.
        TIMED_OUT = GATEWAY_TIMEOUT, "This took too long.";
    }
}
