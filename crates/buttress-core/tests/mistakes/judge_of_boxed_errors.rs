//! Errors in boxes are judged by a judge of boxes.
//~ error: `HttpClassify` does not judge calls that end with
//~ below: `HttpClassify::new().boxed_errors()`
//~ below: `classify_fn(|result: Result<&Res, &Err>| …)`
//~ at most 30 lines
use buttress_core::outcome::{Classify, HttpClassify};
use bytes::Bytes;
use http::Response;
use http_body_util::Empty;
use tower::BoxError;

fn judged_by<C: Classify<Response<Empty<Bytes>>, BoxError>>(_: C) {}

fn main() {
    judged_by(HttpClassify::new());
}
