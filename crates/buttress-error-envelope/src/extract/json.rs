use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use buttress_core::{Place, Problem};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response as HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::deserialize;

use super::{body, fault};

/// A body of JSON, in the place of `axum::Json`. See the [module](super) for what it refuses.
///
/// As a response it is JSON too. A value that cannot be written is an internal problem.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in the arguments of handlers")]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> Json<T> {
    /// Reads JSON that is there already.
    ///
    /// # Errors
    ///
    /// Fails if it is no JSON, or does not fit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let value = deserialize(&mut reader).map_err(|error| {
            let (path, error) = (error.path(), error.inner());
            refusal(path, error)
        })?;
        reader.end().map_err(|error| syntax(&error))?;
        Ok(Self(value))
    }
}

fn refusal(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        return syntax(error);
    }
    // A message of a type's own says no position.
    let at = (error.line() > 0).then(|| (error.line(), error.column()));
    fault::unfit(fault::detail(Place::Body, path, &error.to_string(), at))
}

fn syntax(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let what = if error.is_eof() { "The JSON ends too early" } else { "The body is not JSON" };
    Problem::bad_request().with_message(format!("{what} (line {line}, column {column})."))
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&body::kind(request.headers())) {
            let message =
                "The body must be JSON, and say so with `content-type: application/json`.";
            return Err(Problem::unsupported().with_message(message));
        }
        Self::from_bytes(&body::whole(request, state).await?)
    }
}

impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    /// Nothing, if the request says nothing of a body's kind.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if request.headers().contains_key(CONTENT_TYPE) {
            <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
        } else {
            Ok(None)
        }
    }
}

fn is_json(kind: &str) -> bool {
    let subtype = kind.strip_prefix("application/");
    subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => {
                let mut response = HttpResponse::new(Body::from(json));
                let kind = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}
