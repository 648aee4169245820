//! The body of a request, as bytes.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse;
use buttress_core::{Problem, causes};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

/// The whole body, within axum's limit for it.
pub(super) async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let read = Bytes::from_request(request, state).await;
    read.map_err(|rejection| {
        if let Some(problem) = told(&rejection) {
            return problem;
        }
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            status if status.is_server_error() => Problem::internal("the body could not be read"),
            _ => Problem::bad_request().with_message("The body broke off."),
        }
    })
}

/// What whoever ended the body says of it, as a server does that was kept waiting.
fn told(rejection: &BytesRejection) -> Option<Problem> {
    causes(rejection).find_map(|error| error.downcast_ref::<Problem>()).cloned()
}

/// The content type without its parameters, in small letters.
pub(super) fn kind(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
