use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use buttress_core::{Place, Problem};
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{body, query};

/// A form, in the place of `axum::Form`: in the query of `GET` and `HEAD`, else in the body. See the
/// [module](super) for what it refuses.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in the arguments of handlers")]
pub struct Form<T>(pub T);

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            let query = request.uri().query().unwrap_or_default();
            return query::read(query.as_bytes(), Place::Query).map(Self);
        }
        if body::kind(request.headers()) != "application/x-www-form-urlencoded" {
            let message = "The body must be a form, and say so with \
                           `content-type: application/x-www-form-urlencoded`.";
            return Err(Problem::unsupported().with_message(message));
        }
        query::read(&body::whole(request, state).await?, Place::Body).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Form<T> {
    fn into_response(self) -> Response {
        match serde_urlencoded::to_string(&self.0) {
            Ok(_) => axum::Form(self.0).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}
