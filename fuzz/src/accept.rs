//! What a client accepts.

use buttress_error_envelope::preferred;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

const OFFERS: [&str; 4] =
    ["application/json", "application/problem+json", "text/plain", "text/html"];

/// Lines are headers. An offer that is chosen is there; one that is chosen alone is chosen among others too,
/// or another one that is liked as well; and what is said twice means the same.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(8) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(ACCEPT, value);
        }
    }
    let chosen = preferred(&headers, &OFFERS);
    assert!(chosen.is_none_or(|at| at < OFFERS.len()));
    assert_eq!(preferred(&headers, &OFFERS), chosen);
    assert_eq!(preferred(&headers, &[]), None);

    let liked = OFFERS.iter().any(|offer| preferred(&headers, &[offer]) == Some(0));
    assert_eq!(liked, chosen.is_some(), "an offer is chosen if and only if one is liked");
    if let Some(at) = chosen {
        assert_eq!(preferred(&headers, &[OFFERS[at]]), Some(0));
    }
}
