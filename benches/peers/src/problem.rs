//! An error told to the client.

use std::hint::black_box;

use axum::response::IntoResponse;
use buttress_benches::Case;
use buttress_benches::cases::envelope::PROBLEM_JSON;
use buttress_benches::cases::problem::{CODE, ENCODING, MESSAGE, RESPONSE};
use http::{StatusCode, Uri};
use problem_details::{JsonProblemDetails, ProblemDetails};

pub(crate) fn cases() -> Vec<Case> {
    const SIDE: &str = "problem_details 0.11";
    let json = JsonProblemDetails::from(details());
    let encode = move |n| (0..n).for_each(|_| drop(black_box(black_box(&json).to_body_string())));
    let json = JsonProblemDetails::from(details());
    let as_rfc = move |n| (0..n).for_each(|_| drop(black_box(black_box(&json).to_body_string())));
    let respond = |n| (0..n).for_each(|_| drop(black_box(details().into_response())));
    vec![
        Case::peer(ENCODING, SIDE, Box::new(encode)),
        Case::peer(PROBLEM_JSON, SIDE, Box::new(as_rfc)),
        Case::peer(RESPONSE, SIDE, Box::new(respond)),
    ]
}

fn details() -> ProblemDetails {
    ProblemDetails::from_status_code(StatusCode::TOO_MANY_REQUESTS)
        .with_type(Uri::from_static(CODE))
        .with_detail(MESSAGE)
}
