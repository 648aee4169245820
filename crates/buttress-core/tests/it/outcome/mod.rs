//! How calls end: by their error, by the head of the response, by the end of its body.

use std::convert::Infallible;
use std::sync::Arc;

use buttress_core::outcome::{Classify, HttpClassify, Judgement, Outcome, Ticket, Verdict};
use buttress_core::sync::Lock;
use buttress_testkit::body::Frames;
use http::{HeaderMap, HeaderName, Response};
use http_body::Body;

mod advice;
mod answers;
mod bodies;
mod cost;
mod errors;
mod heads;
mod hyper;

/// Writes down what a layer would learn of one call.
#[derive(Clone, Default)]
struct Told(Arc<Lock<Vec<&'static str>>>);

/// Its hand that goes along with the call.
struct Teller(Told);

impl Told {
    fn ticket(&self) -> Teller {
        Teller(self.clone())
    }

    fn so_far(&self) -> Vec<&'static str> {
        self.0.lock().clone()
    }
}

impl Ticket for Teller {
    fn settle(mut self, judgement: Judgement) {
        self.0.0.lock().push(judgement.outcome().as_str());
        self.0 = Told::default();
    }

    fn headed(&mut self) {
        self.0.0.lock().push("headed");
    }

    fn progressed(&mut self) {
        self.0.0.lock().push("progressed");
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.0.lock().push("dropped");
    }
}

fn verdict<B: Body>(classify: &HttpClassify, response: &Response<B>) -> Verdict {
    Classify::<_, Infallible>::response(classify, response)
}

/// What is known by the head.
fn judgement<B: Body>(classify: &HttpClassify, response: &Response<B>) -> Judgement {
    match verdict(classify, response) {
        Verdict::Now(judgement) => judgement,
        Verdict::AtEnd(kind) => panic!("it is not known yet, but at the end of {kind:?}"),
    }
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in pairs.iter().map(pair) {
        map.append(name, value);
    }
    map
}

/// A response with this status and these headers, and a body of some length.
fn response(status: u16, pairs: &[(&str, &str)]) -> Response<Frames> {
    let mut response = Response::new(Frames::new().data("hello"));
    *response.status_mut() = status.try_into().unwrap();
    *response.headers_mut() = headers(pairs);
    response
}

fn outcome_of(status: u16) -> Outcome {
    let verdict = verdict(&HttpClassify::new(), &response(status, &[]));
    verdict.outcome().unwrap_or(Outcome::Success)
}
