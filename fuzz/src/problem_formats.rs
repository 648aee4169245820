//! Problems in every format, whatever they say.

use buttress_core::clock::Timestamp;
use buttress_core::render::{JsonEnvelope, Occasion, Render};
use buttress_core::{Code, Detail, Problem};
use buttress_error_envelope::{HtmlPage, JsonApi, PlainText, ProblemJson, RichGrpcStatus};
use serde_json::Value;

/// JSON is well formed and says what was said, a page has no markup but its own, and gRPC's metadata is small.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (message, pointer) = text.split_once('\n').unwrap_or((&text, ""));
    let code = Code::ALL[data.len() % Code::ALL.len()];
    let problem = Problem::new(code).with_message(message.to_owned()).with_detail(Detail::body(
        pointer.to_owned(),
        "fuzzed",
        message.to_owned(),
    ));
    let occasion = Occasion::at(Timestamp::EPOCH).correlation_id("r-1");

    let json = |format: &dyn Render| -> Value {
        serde_json::from_slice(format.render(&problem, &occasion).body()).expect("it is JSON")
    };
    assert_eq!(json(&JsonEnvelope)["error"]["message"], message);
    assert_eq!(json(&JsonApi)["errors"][0]["source"]["pointer"], pointer);
    let details = json(&ProblemJson::new());
    assert_eq!(details["detail"], message);
    let fragment = details["errors"][0]["pointer"].as_str().expect("it is about the body");
    assert!(fragment.starts_with('#') && fragment.bytes().all(|byte| byte.is_ascii_graphic()));

    let page = HtmlPage.render(&problem, &occasion);
    let page = str::from_utf8(page.body()).expect("it is text");
    assert_eq!(page.matches('<').count(), page.matches('>').count());
    assert!(PlainText.render(&problem, &occasion).body().len() <= 2 * text.len() + 128);

    let status = RichGrpcStatus::new().render(&problem, &occasion);
    let details = status.headers().get("grpc-status-details-bin");
    assert!(details.is_none_or(|details| details.len() <= 5_462));
}
