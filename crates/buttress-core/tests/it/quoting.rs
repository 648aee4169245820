//! Whom a problem quotes, is redacted on every way out.

use buttress_core::render;
use buttress_core::stage::{RequestHead, Stage, gate_fn};
use buttress_core::{Context, Detail, Problem};
use buttress_testkit::mock;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

const SAID: &str = "no user ada@example.org";

fn quoting() -> Problem {
    Problem::bad_request()
        .with_message(SAID)
        .with_detail(Detail::body("/user", "unknown", SAID))
        .with_words_of_others()
}

/// What goes out each way that there is.
async fn every_way(problem: &Problem) -> Vec<Bytes> {
    let mut handed_over = Response::new(Bytes::new());
    render::hand_over(&mut handed_over, problem.clone());
    render::fill_in(&mut handed_over);
    let refused = problem.clone();
    let refuse = gate_fn(move |_: &mut dyn RequestHead| Err(refused.clone()));
    let (service, _inner) = mock::service();
    let service = Context::default().then(refuse).layer().layer(service);
    let refused = service.oneshot(Request::new(())).await.unwrap().into_body();
    let context = Context::default();
    let asked = context.answers().asked(&Request::new(()));
    vec![
        handed_over.into_body(),
        refused.collect().await.unwrap().to_bytes(),
        context.answers().answer(problem, &asked).into_body(),
        problem.render(None).into_body(),
    ]
}

#[tokio::test]
async fn without_any_setting() {
    for body in every_way(&quoting()).await {
        let body = str::from_utf8(&body).unwrap();
        assert!(!body.contains("ada@") && body.contains(r#""message":"no user a***@"#), "{body}");
        assert!(body.contains(r#""pointer":"/user""#), "{body}");
    }
    // The author's own words are meant.
    for body in every_way(&Problem::bad_request().with_message(SAID)).await {
        assert!(str::from_utf8(&body).unwrap().contains(SAID));
    }
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn a_status_from_upstream() {
    let called = || -> Result<(), Problem> { Err(tonic::Status::not_found(SAID))? };
    let problem = called().unwrap_err();
    for body in every_way(&problem).await {
        let body = str::from_utf8(&body).unwrap();
        assert!(!body.contains("ada@") && body.contains("no user a***@example.org"), "{body}");
    }
    let passed_on = tonic::Status::from(problem);
    assert_eq!(passed_on.message(), "no user a***@example.org");
    assert_eq!(passed_on.code(), tonic::Code::NotFound);
}
