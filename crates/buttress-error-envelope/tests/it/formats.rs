//! Each format says the same, as its standard has it, and nothing that could be taken for markup.

use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::render::{Format, JsonEnvelope, Occasion, Render};
use buttress_core::{Code, Detail, Problem, ProblemType};
use buttress_error_envelope::{HtmlPage, JsonApi, PlainText, ProblemJson, RichGrpcStatus};
use bytes::Bytes;
use http::Response;
use proptest::prelude::*;
use serde_json::{Value, json};
use tonic_types::StatusExt;

const NASTY: &str = "<script>alert(\"'&`\")</script>\u{7}";

pub fn problem() -> Problem {
    Problem::validation([
        Detail::body("/items/0/a b", "too_small", "must be at least 1"),
        Detail::query("page", "not_a_number", "must be a number"),
        Detail::header("x-tenant", "unknown", NASTY),
        Detail::path("id", "invalid", "must be a UUID"),
    ])
    .with_retry_after(Duration::from_millis(7_500))
}

pub fn occasion() -> Occasion<'static> {
    Occasion::at(Timestamp::from_millis(1_795_247_160_123)).correlation_id("r-1")
}

fn render(format: &impl Render) -> Response<Bytes> {
    format.render(&problem(), &occasion())
}

pub fn json_of(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap()
}

/// In which language a message is, only its author knows: the page does not say it is English.
#[test]
fn a_page_says_of_its_own_words_alone_in_which_language_they_are() {
    let answer = HtmlPage.render(&problem(), &occasion().worded("Das geht so nicht."));
    let page = str::from_utf8(answer.body()).unwrap();
    assert!(page.contains("<html>\n") && page.contains("<p>Das geht so nicht.</p>"), "{page}");
    assert!(page.contains("<h1 lang=\"en\">422 Unprocessable Content</h1>"), "{page}");
}

#[test]
fn problem_details_are_those_of_rfc_9457() {
    let format = ProblemJson::documented_at("https://docs.example.org/errors").unwrap();
    let answer = render(&format);
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(
        json_of(&answer),
        json!({
            "type": "https://docs.example.org/errors#validation-failed",
            "title": "Some values are not acceptable.",
            "status": 422,
            "detail": "Some values are not acceptable.",
            "code": "VALIDATION_FAILED",
            "errors": [
                { "pointer": "#/items/0/a%20b", "code": "too_small", "detail": "must be at least 1" },
                { "in": "query", "name": "page", "code": "not_a_number", "detail": "must be a number" },
                { "in": "header", "name": "x-tenant", "code": "unknown", "detail": NASTY },
                { "in": "path", "name": "id", "code": "invalid", "detail": "must be a UUID" },
            ],
            "correlationId": "r-1",
            "timestamp": "2026-11-21T07:46:00.123Z",
        })
    );
    let plain = ProblemJson::new().render(&Problem::gone(), &occasion());
    assert_eq!(json_of(&plain)["title"], "Gone", "that of `about:blank`");
    assert_eq!(json_of(&plain).get("type"), None);
    assert_eq!(json_of(&plain).get("errors"), None);
}

#[test]
fn the_documentation_must_be_a_page() {
    for base in ["https://a.example/errors", "https://a.example/errors#", "/errors"] {
        let format = ProblemJson::documented_at(base).unwrap();
        let body = json_of(&format.render(&Problem::gone(), &occasion()));
        assert!(body["type"].as_str().unwrap().ends_with("/errors#gone"), "{body}");
    }
    for base in ["", "errors of mine", "https://a.example/#/errors"] {
        assert!(ProblemJson::documented_at(base).is_err(), "{base}");
    }
}

#[test]
fn a_page_has_no_markup_but_its_own() {
    let problem = problem().with_message(NASTY);
    let answer = HtmlPage.render(&problem, &occasion());
    let page = str::from_utf8(answer.body()).unwrap();
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("<p>&lt;script&gt;alert(&quot;&#39;&amp;&#96;&quot;)"), "{page}");
    assert!(page.contains("<code>r-1</code>"), "{page}");
    assert!(
        answer.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

#[test]
fn a_name_that_a_client_chose_adds_no_line_to_text() {
    let problem = Problem::validation([Detail::body("/a\nid: r-2", "unknown_field", "is unknown")]);
    let answer = PlainText.render(&problem, &occasion());
    let text = str::from_utf8(answer.body()).unwrap();
    assert!(text.ends_with("\nbody /a id: r-2: is unknown\nid: r-1\n"), "{text}");
}

#[test]
fn text_has_a_line_for_each_detail() {
    let answer = render(&PlainText);
    let text = str::from_utf8(answer.body()).unwrap();
    assert!(text.starts_with("VALIDATION_FAILED: Some values are not acceptable.\n"), "{text}");
    assert!(text.contains("\nquery page: must be a number\n"), "{text}");
    assert!(text.ends_with("\nid: r-1\n"), "{text}");
}

#[test]
fn grpc_has_the_details_of_google_rpc() {
    let answer = render(&RichGrpcStatus::new().domain("shop.example.org"));
    let status = tonic::Status::from_header_map(answer.headers()).unwrap();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((&*info.reason, &*info.domain), ("VALIDATION_FAILED", "shop.example.org"));
    assert_eq!(details.request_info().unwrap().request_id, "r-1");
    let delay = details.retry_info().unwrap().retry_delay;
    assert_eq!(delay, Some(Duration::from_millis(7_500)));
    let fields: Vec<_> = details.bad_request().unwrap().field_violations.iter().collect();
    assert_eq!(fields[0].field, "items[0].a b");
    assert_eq!(fields[1].field, "query.page");
    assert_eq!(fields[2].description, NASTY);
}

#[test]
fn grpc_names_a_field_as_google_rpc_does() {
    let of = |pointer: &'static str| {
        let problem = Problem::validation([Detail::body(pointer, "x", "x")]);
        let answer = RichGrpcStatus::new().render(&problem, &occasion());
        let status = tonic::Status::from_header_map(answer.headers()).unwrap();
        status.get_details_bad_request().unwrap().field_violations[0].field.clone()
    };
    for (pointer, field) in [
        ("", ""),
        ("/", "/"),
        ("amount", "amount"),
        ("/amount", "amount"),
        ("/items/0/amount", "items[0].amount"),
        ("/0/1/x", "[0][1].x"),
        ("/a~1b/c~0d/~01", "a/b.c~d.~1"),
    ] {
        assert_eq!(of(pointer), field);
    }
}

/// `google.protobuf.Duration` goes up to ten thousand years; what is beyond would be read as negative.
#[test]
fn grpc_is_never_told_to_come_back_in_the_past() {
    let problem = Problem::unavailable().with_retry_after(Duration::MAX);
    let answer = RichGrpcStatus::new().render(&problem, &occasion());
    let status = tonic::Status::from_header_map(answer.headers()).unwrap();
    let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert_eq!(delay, Duration::from_secs(315_576_000_000));
}

/// A header of any size would be refused by a proxy, and the whole answer lost.
#[test]
fn the_details_of_grpc_are_bounded() {
    let many = (0..1_000).map(|at| Detail::body(format!("/{at}"), "x", "y".repeat(50)));
    let answer = RichGrpcStatus::new().render(&Problem::validation(many), &occasion());
    assert!(answer.headers()["grpc-status-details-bin"].len() <= 4_096 * 4 / 3);
    let status = tonic::Status::from_header_map(answer.headers()).unwrap();
    let fields = status.get_details_bad_request().unwrap().field_violations.len();
    assert!((30..100).contains(&fields), "{fields}");

    let long = Problem::gone().with_message("x".repeat(10_000));
    let answer = RichGrpcStatus::new().render(&long, &occasion());
    assert!(!answer.headers().contains_key("grpc-status-details-bin"));
}

fn all() -> Vec<Format> {
    vec![
        Format::new(JsonEnvelope),
        Format::new(ProblemJson::new()),
        Format::new(JsonApi),
        Format::new(PlainText),
        Format::new(HtmlPage),
        Format::new(RichGrpcStatus::new()),
    ]
}

#[test]
fn a_brief_answer_has_no_details_in_any_format() {
    for format in all() {
        let specified =
            ProblemType::new("https://example.org/x", "Title").member("m", ["a member"]);
        let problem = problem().with_message("at length").with_type(&specified);
        let brief = occasion().dangerous_with_sources("the source").briefly();
        let answer = format.render(&problem, &brief);
        let said = format!("{:?} {:?}", answer.headers(), answer.body());
        for left_out in ["at length", "must be", "the source", "details-bin", "a member"] {
            assert!(!said.contains(left_out), "{format:?}: {said}");
        }
    }
}

#[test]
fn sources_are_shown_if_the_occasion_says_so() {
    for format in &all()[..5] {
        let problem = Problem::internal("the source");
        let shown = format.render(&problem, &occasion().dangerous_with_sources("the source"));
        assert!(str::from_utf8(shown.body()).unwrap().contains("the source"), "{format:?}");
        let hidden = format.render(&problem, &occasion());
        assert!(!str::from_utf8(hidden.body()).unwrap().contains("the source"), "{format:?}");
    }
}

proptest! {
    /// Whatever a problem says, each format is well formed.
    #[test]
    fn any_words_are_written(message: String, pointer: String, code in 0..Code::ALL.len()) {
        let problem = Problem::new(Code::ALL[code])
            .with_message(message.clone())
            .with_detail(Detail::body(pointer.clone(), "x", message.clone()));
        for format in &all()[..3] {
            let answer = format.render(&problem, &occasion());
            prop_assert!(serde_json::from_slice::<Value>(answer.body()).is_ok());
        }
        let body = ProblemJson::new().render(&problem, &occasion());
        let fragment = json_of(&body)["errors"][0]["pointer"].as_str().unwrap().to_owned();
        prop_assert!(fragment.is_ascii() && !fragment.contains([' ', '"', '<']));
        let page = HtmlPage.render(&problem, &occasion());
        let page = str::from_utf8(page.body()).unwrap();
        prop_assert_eq!(page.matches('<').count(), page.matches('>').count());
        let grpc = RichGrpcStatus::new().render(&problem, &occasion());
        let status = tonic::Status::from_header_map(grpc.headers()).unwrap();
        prop_assert_eq!(status.message(), message.as_str());
        let details = status.get_details_bad_request().unwrap();
        if !pointer.starts_with('/') {
            prop_assert_eq!(&details.field_violations[0].field, &pointer);
        }
    }
}
