//! A flood of refusals is one neither in the log nor on the wire.

use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::metrics::Metrics;
use buttress_core::render::Answers;
use buttress_core::stage::{RequestHead, Stage, gate_fn};
use buttress_core::{Context, Detail, Problem};
use buttress_error_envelope::ErrorEnvelopeLayer;
use buttress_testkit::log::Log;
use buttress_testkit::page::Page;
use http::{Request, Response};
use tower::{Layer, ServiceExt};

use crate::support::{answer, json, once, whole};

struct Flood {
    clock: ManualClock,
    context: Context,
    page: Page,
}

fn flood() -> Flood {
    let (clock, page) = (ManualClock::new(), Page::default());
    let metrics = Metrics::new(page.clone());
    let context = Context::builder().clock(clock.clone()).answers(|answers| {
        answers.metrics(&metrics).log_lines_per_second(3).brief_after(5, Duration::from_secs(10))
    });
    Flood { clock, context: context.build().unwrap(), page }
}

impl Flood {
    async fn refused(&self, peer: &str, problem: &Problem) -> Response<bytes::Bytes> {
        let problem = problem.clone();
        let refuse = gate_fn(move |_: &mut dyn RequestHead| Err(problem.clone()));
        let service = self.context.clone().then(refuse).layer();
        let mut request = Request::new(());
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(peer);
        let service = service.layer(once(answer(200, "text/plain", "")));
        whole(service.oneshot(request).await.unwrap()).await
    }

    /// A request that nothing is wrong with.
    async fn welcome(&self) {
        let service = self.context.clone().layer().layer(once(answer(200, "text/plain", "")));
        drop(service.oneshot(Request::new(())).await.unwrap());
    }
}

fn invalid() -> Problem {
    Problem::validation([Detail::query("page", "not_a_number", "must be a number")])
        .with_message("At length.")
}

#[tokio::test]
async fn answers_to_a_flood_are_brief_and_counted() {
    let flood = flood();
    let is_brief = async |peer: &str| {
        let response = flood.refused(peer, &invalid()).await;
        let error = &json(&response)["error"];
        assert_eq!(response.status(), 422);
        assert_eq!(error["correlationId"], response.headers()["x-request-id"].to_str().unwrap());
        let brief = error.get("details").is_none();
        assert_eq!(brief, error["message"] != "At length.");
        brief
    };
    for _ in 0..5 {
        assert!(!is_brief("203.0.113.7:1").await);
    }
    assert!(is_brief("203.0.113.7:2").await, "another port is the same client");
    assert!(!is_brief("[2001:db8::1]:1").await, "another client is not concerned");
    for at in 0..4 {
        assert!(!is_brief(&format!("[2001:db8::{at}]:1")).await);
    }
    assert!(is_brief("[2001:db8::ffff]:1").await, "one network is one client");

    flood.clock.advance(Duration::from_secs(10));
    assert!(!is_brief("203.0.113.7:1").await, "the window is over");
    let counts = flood.page.lines();
    assert!(counts.contains(&"buttress_brief_answers_total: 2".to_owned()), "{counts:?}");
}

#[tokio::test]
async fn a_brief_answer_is_cheaper() {
    let flood = flood();
    let long = flood.refused("203.0.113.7:1", &invalid()).await.body().len();
    for _ in 0..5 {
        flood.refused("203.0.113.7:1", &invalid()).await;
    }
    assert!(flood.refused("203.0.113.7:1", &invalid()).await.body().len() < long);
}

#[tokio::test]
async fn the_log_has_the_first_lines_and_a_count_of_the_rest() {
    let (flood, log) = (flood(), Log::default());
    let _listening = log.listen();
    for problem in [Problem::internal("it broke"), invalid()] {
        for _ in 0..10 {
            flood.refused("203.0.113.7:1", &problem).await;
        }
        assert_eq!(log.take().len(), 3);
        flood.clock.advance(Duration::from_secs(1));
        flood.refused("203.0.113.7:1", &problem).await;
        let lines = log.take();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].contains("message=left out") && lines[0].ends_with("left_out=7"),
            "{lines:?}"
        );
        assert!(lines[1].contains("message=request "), "{lines:?}");
        flood.clock.advance(Duration::from_secs(1));
        flood.refused("203.0.113.7:1", &problem).await;
        assert_eq!(log.take().len(), 1, "nothing was left out");
        flood.clock.advance(Duration::from_secs(1));
    }
    let errors = flood.page.lines();
    assert!(
        errors.iter().any(|line| line == "buttress_errors_total INTERNAL server none: 12"),
        "{errors:?}"
    );
}

/// Nobody has to fail for it: a success says what was left out before it, once.
#[tokio::test]
async fn the_next_request_of_any_kind_brings_the_count() {
    let (flood, log) = (flood(), Log::default());
    let _listening = log.listen();
    for _ in 0..10 {
        flood.refused("203.0.113.7:1", &Problem::internal("it broke")).await;
        flood.refused("203.0.113.7:1", &Problem::gone()).await;
    }
    assert_eq!(log.take().len(), 6);
    flood.welcome().await;
    assert!(log.take().is_empty(), "the second is not over");

    flood.clock.advance(Duration::from_secs(1));
    flood.refused("203.0.113.7:1", &Problem::conflict()).await;
    let lines = log.take();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], r#"ERROR message=left out code="INTERNAL" left_out=7"#);
    assert_eq!(lines[1], r#"DEBUG message=left out code="GONE" left_out=7"#);
    flood.welcome().await;
    flood.refused("203.0.113.7:1", &Problem::gone()).await;
    assert_eq!(log.take().len(), 1, "and not again");

    for _ in 0..10 {
        flood.refused("203.0.113.7:1", &Problem::gone()).await;
    }
    drop(log.take());
    flood.clock.advance(Duration::from_secs(60));
    flood.welcome().await;
    assert_eq!(log.take(), [r#"DEBUG message=left out code="GONE" left_out=8"#]);
}

/// Each second has a number of its own: one that is not over is told later, though nothing more is left out.
#[test]
fn a_second_that_is_not_over_is_told_later() {
    let (clock, log) = (ManualClock::new(), Log::default());
    let _listening = log.listen();
    let answers = Answers::builder().clock(clock.clone()).log_lines_per_second(1).build().unwrap();
    let request = Request::new(());
    let asked = answers.asked(&request);
    let refuse = |problem: &Problem| {
        (0..3).for_each(|_| drop(answers.answer(problem, &asked)));
        drop(log.take());
    };
    let told_by_the_next = || {
        drop(answers.asked(&request));
        log.take()
    };
    refuse(&Problem::gone());
    clock.advance(Duration::from_secs(1));
    refuse(&Problem::conflict());
    assert_eq!(told_by_the_next(), [r#"DEBUG message=left out code="GONE" left_out=2"#]);
    assert!(told_by_the_next().is_empty());
    clock.advance(Duration::from_secs(1));
    assert_eq!(told_by_the_next(), [r#"DEBUG message=left out code="CONFLICT" left_out=2"#]);
}

#[tokio::test]
async fn the_end_brings_the_count() {
    let (flood, log) = (flood(), Log::default());
    let _listening = log.listen();
    for _ in 0..4 {
        flood.refused("203.0.113.7:1", &Problem::internal("it broke")).await;
    }
    drop(log.take());
    let answers = flood.context.answers().clone();
    drop(flood);
    assert!(log.take().is_empty(), "somebody may come by yet");
    drop(answers);
    assert_eq!(log.take(), [r#"ERROR message=left out code="INTERNAL" left_out=1"#]);
}

/// Without a context it is the envelope that a success comes by.
#[tokio::test]
async fn an_envelope_alone_brings_the_count() {
    let (clock, log) = (ManualClock::new(), Log::default());
    let _listening = log.listen();
    let answers = Answers::builder().clock(clock.clone()).log_lines_per_second(1).build().unwrap();
    let envelope = ErrorEnvelopeLayer::builder().answers(answers).build().unwrap();
    let ask = async |status| {
        let service = envelope.clone().layer(once(answer(status, "text/plain", "")));
        drop(service.oneshot(Request::new(())).await.unwrap());
    };
    for _ in 0..3 {
        ask(404).await;
    }
    assert_eq!(log.take().len(), 1);
    ask(200).await;
    assert!(log.take().is_empty());
    clock.advance(Duration::from_secs(1));
    ask(200).await;
    assert_eq!(log.take(), [r#"DEBUG message=left out code="NOT_FOUND" left_out=2"#]);

    for _ in 0..2 {
        ask(404).await;
    }
    drop(log.take());
    drop(envelope);
    assert_eq!(log.take(), [r#"DEBUG message=left out code="NOT_FOUND" left_out=1"#]);
}

/// Codes do not crowd each other out.
#[tokio::test]
async fn each_code_has_lines_of_its_own() {
    let (flood, log) = (flood(), Log::default());
    let _listening = log.listen();
    for _ in 0..10 {
        flood.refused("203.0.113.7:1", &Problem::gone()).await;
    }
    drop(log.take());
    flood.refused("203.0.113.7:1", &Problem::internal("it broke")).await;
    assert!(log.take()[0].starts_with("ERROR"));
}

/// Where refusals are told too, they do not take the lines of what is broken.
#[tokio::test]
async fn refusals_do_not_crowd_out_faults_of_the_same_code() {
    let (flood, log) = (flood(), Log::default());
    let _listening = log.listen();
    for _ in 0..10 {
        flood.refused("203.0.113.7:1", &Problem::unavailable()).await;
    }
    assert!(log.take().iter().all(|line| line.starts_with("WARN")));
    flood.refused("203.0.113.7:1", &Problem::unavailable().with_source("it broke")).await;
    let lines = log.take();
    assert!(lines.len() == 1 && lines[0].starts_with("ERROR"), "{lines:?}");
}
