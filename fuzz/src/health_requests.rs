//! Hostile requests at the endpoints of health.

use std::sync::LazyLock;

use buttress_core::Health;
use buttress_core::stage::Stage;
use buttress_health::{Check, HealthChecks};
use http::{HeaderMap, Method};
use tower::Service;

use crate::limit_requests::request;

const TOKEN: &str = "0123456789abcdef";

static HEALTH: LazyLock<HealthChecks> = LazyLock::new(|| {
    let database = Check::of("database", || async { Health::up() });
    let checks = HealthChecks::builder().check(database.group("orders"));
    checks.details_for_token(TOKEN.to_owned()).build().expect("the settings are right")
});

/// The first line of the input is a method and a target, the others are headers.
///
/// There is an answer of one of four statuses, which says what it is; nobody learns of a check without the token.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Some(mut request) = request(data) else { return };
    let is_head = *request.method() == Method::HEAD;
    let knows = request.headers().values().any(|value| contains(value.as_bytes(), TOKEN));
    let answer = HEALTH.service().call(request.clone()).into_inner();
    let answer = answer.expect("nothing can fail");
    let status = answer.status().as_u16();
    assert!([200, 503, 404, 405].contains(&status), "{answer:?}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    through(answer.headers());

    let body = body(answer.into_body());
    assert_eq!(is_head, body.is_empty());
    assert!(knows || !contains(&body, "database"), "{request:?}");
    if !is_head {
        let said: serde_json::Value = serde_json::from_slice(&body).expect("it is JSON");
        let member = if matches!(status, 404 | 405) { "error" } else { "status" };
        assert!(said.get(member).is_some(), "{said}");
    }
    let _ = HEALTH.stage().mark_only().enter(&mut request);
}

/// Whom the answer came through: names, and not what somebody said.
fn through(headers: &HeaderMap) {
    let Some(names) = headers.get("x-health-through") else { return };
    let names = names.to_str().expect("it is readable");
    assert!(names.split(", ").count() <= 16, "{names}");
    for name in names.split(", ") {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!((1..=64).contains(&name.len()) && name.bytes().all(plain), "{names}");
    }
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

fn body(body: http_body_util::Full<bytes::Bytes>) -> bytes::Bytes {
    use http_body_util::BodyExt;
    use std::task::{Context, Poll, Waker};
    let mut whole = std::pin::pin!(body.collect());
    match whole.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(whole)) => whole.to_bytes(),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => panic!("it is there"),
    }
}
