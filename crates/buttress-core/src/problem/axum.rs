//! `Problem` as an answer of an axum handler: here, because no other crate may write this impl.

use axum::body::Body;
use axum::response::{IntoResponse, Response};

use super::Problem;

impl IntoResponse for Problem {
    /// An answer in the default format, marked so that the context outside gives it the right one.
    fn into_response(self) -> Response {
        self.render(None).map(Body::from)
    }
}
