//! A refusal told to the client.

use std::hint::black_box;
use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::render::{JsonEnvelope, Occasion, Render};
use buttress_core::stage::Gate;
use buttress_core::{Code, Context, Problem};
use http::Request;

use crate::{Budget, Case, Run, get};

/// Writing the body.
pub const ENCODING: &str = "a refusal as JSON";
/// Making the refusal, its body and its response.
pub const RESPONSE: &str = "a whole refusing response";
/// What a program reads in it.
pub const CODE: &str = "RATE_LIMITED";
/// What a person reads in it.
pub const MESSAGE: &str = "Too many requests; try again later.";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![
        Case::ours(ENCODING, encoding()).within(Budget::new(1860, 3)),
        Case::ours(RESPONSE, responding()).within(Budget::new(3770, 8)),
    ]
}

/// With status and content type, as the envelope gives it out.
fn encoding() -> Run {
    let problem = refusal();
    let occasion = Occasion::at(Timestamp::from_millis(1_795_247_160_123));
    let occasion = occasion.correlation_id("01jd6t8r5v8e6k7m3n2p1q0s9t");
    let encode = move || JsonEnvelope.render(black_box(&problem), &occasion);
    Box::new(move |n| (0..n).for_each(|_| drop(black_box(encode()))))
}

fn responding() -> Run {
    let mut request: Request<()> = get();
    let context = Gate::enter(&Context::default(), &mut request).ok().flatten();
    assert!(context.is_some(), "without a context the answer would be another");
    let respond = move || refusal().render(context.as_ref());
    Box::new(move |n| (0..n).for_each(|_| drop(black_box(respond()))))
}

fn refusal() -> Problem {
    Problem::new(Code::RATE_LIMITED).with_message(MESSAGE).with_retry_after(Duration::from_secs(7))
}
