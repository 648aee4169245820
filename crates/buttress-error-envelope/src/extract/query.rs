use axum::extract::FromRequestParts;
use buttress_core::{Place, Problem};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::fault;

/// The query, in the place of `axum::extract::Query`. See the [module](super) for what it refuses.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
#[expect(clippy::exhaustive_structs, reason = "it is taken apart in the arguments of handlers")]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default().as_bytes(), Place::Query).map(Self)
    }
}

/// Reads what a form or a query says.
pub(super) fn read<T: DeserializeOwned>(text: &[u8], place: Place) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let said = error.inner().to_string();
        fault::unfit(fault::detail(place, error.path(), &said, None))
    })
}
