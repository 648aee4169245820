//! What judging costs: no allocation, and room for what it has to remember.

use std::convert::Infallible;
use std::io;
use std::task::Poll;

use buttress_core::outcome::{
    BodyKind, Classify, ClassifyEnd, HttpClassify, JudgedAnswer, JudgedBody, Judgement, Ticket,
};
use buttress_core::stage::Rewrap;
use buttress_core::sync::Shared;
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};

use super::headers;

struct Quiet;

impl Ticket for Quiet {
    fn settle(self, _: Judgement) {}
}

fn plain() -> Response<Full<Bytes>> {
    Response::new(Full::from("hello"))
}

#[test]
fn to_judge_allocates_nothing() {
    let classify = Shared::new(HttpClassify::new());
    let mut failed = plain();
    *failed.status_mut() = http::StatusCode::BAD_GATEWAY;
    failed.headers_mut().extend(headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]));
    let trailers = headers(&[("grpc-status", "14"), ("grpc-retry-pushback-ms", "100")]);
    let error = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
    let ((), count) = allocations::of(|| {
        for response in [&plain(), &failed] {
            let _ = Classify::<_, Infallible>::response(&*classify, response);
        }
        let _ = classify.end(BodyKind::Grpc, Some(&trailers));
        let _ = Classify::<Response<Full<Bytes>>, _>::error(&*classify, &error);
    });
    assert_eq!(count.allocations(), 0);
}

#[test]
fn a_followed_body_allocates_nothing() {
    let classify = Shared::new(HttpClassify::new());
    let answer = Response::new(Full::new(Bytes::from_static(b"hello")));
    let ((), count) = allocations::of(|| {
        let mut ticket = Some(Quiet);
        let polled = Poll::Ready(Ok::<_, Infallible>(answer));
        let polled = <Rewrap as JudgedAnswer<Request<()>, _, _, _, _>>::judged(
            &classify,
            &mut ticket,
            polled,
        );
        let Poll::Ready(Ok(mut answer)) = polled else { panic!("it was there") };
        assert!(!answer.body().is_end_stream());
        assert!(poll::assert_ready(answer.body_mut().frame()).is_some());
    });
    assert_eq!(count.allocations(), 0);
}

type Followed = JudgedBody<Full<Bytes>, HttpClassify, [u64; 2]>;

#[test]
fn what_has_to_be_remembered_is_small() {
    assert_eq!(size_of::<Judgement>(), 24);
    assert!(size_of::<Followed>() <= size_of::<Full<Bytes>>() + 16 + 16 + 8);
}
