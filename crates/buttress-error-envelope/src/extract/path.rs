use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path as AxumPath};
use buttress_core::{Detail, Problem, Redact};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::foreign::harmless;

/// The parts of the path, in the place of `axum::extract::Path`. See the [module](super) for what it refuses.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in the arguments of handlers")]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = <AxumPath<T> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        read.map(|AxumPath(value)| Self(value)).map_err(refusal)
    }
}

impl<T, S> OptionalFromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send + 'static,
    S: Send + Sync,
{
    type Rejection = Problem;

    /// Nothing, if the route has no parameters.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        let read = <AxumPath<T> as OptionalFromRequestParts<S>>::from_request_parts(parts, state);
        read.await.map(|value| value.map(|AxumPath(value)| Self(value))).map_err(refusal)
    }
}

fn refusal(rejection: PathRejection) -> Problem {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return Problem::internal(rejection);
    };
    match failed.into_kind() {
        ErrorKind::ParseErrorAtKey { key, expected_type, .. } => unfit(key, expected_type),
        ErrorKind::ParseErrorAtIndex { index, expected_type, .. } => {
            unfit(index.to_string(), expected_type)
        }
        ErrorKind::ParseError { expected_type, .. } => unfit(String::new(), expected_type),
        ErrorKind::InvalidUtf8InPathParam { key } => {
            wrong(Detail::path(key, "invalid_utf8", "is not UTF-8"))
        }
        ErrorKind::DeserializeError { key, message, .. } => {
            wrong(Detail::path(key, "invalid", words(&message)))
        }
        ErrorKind::Message(message) => wrong(Detail::path("", "invalid", words(&message))),
        // What is wrong with the route or the handler is our own fault.
        kind => Problem::internal(kind.to_string()),
    }
}

fn unfit(key: String, expected: &'static str) -> Problem {
    wrong(Detail::path(key, "invalid_type", format!("must be a value of type {expected}")))
}

fn wrong(detail: Detail) -> Problem {
    let problem = Problem::bad_request().with_message("A part of the path does not fit.");
    problem.with_detail(detail).with_words_of_others()
}

fn words(message: &str) -> String {
    harmless(message, &Redact::default()).unwrap_or_else(|| "does not fit".to_owned())
}
