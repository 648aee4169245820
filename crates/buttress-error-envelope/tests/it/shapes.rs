//! What is in the family's shape already, and who is known to have written it.

use buttress_testkit::log::Log;

use crate::support::{answer, error, given};

#[tokio::test]
async fn what_has_the_familys_shape_already_stays() {
    let cases = [
        (
            "application/json; charset=utf-8",
            r#"{"error":{"code":"OF_ANOTHER","message":"It was not us.","extra":1}}"#,
            r#"{"error":{"code":"OF_ANOTHER","message":"It was not us.","timestamp":"t"}}"#,
        ),
        (
            "application/problem+json",
            r#"{"detail":"db7.internal is gone"}"#,
            r#"{"detail":"It was not us.","code":"OF_ANOTHER","timestamp":"t"}"#,
        ),
        (
            "application/vnd.api+json",
            r#"{"errors":[{"title":"db7.internal is gone"}]}"#,
            r#"{"errors":[{"code":"OF_ANOTHER"}],"meta":{"timestamp":"t"}}"#,
        ),
    ];
    for (kind, body, of_the_family) in cases {
        for (status, body) in [(400, body), (502, of_the_family)] {
            let response = given(answer(status, kind, body)).await;
            assert_eq!(response.body(), body);
            assert_eq!(response.headers()["content-type"], kind);
        }
        // Whose words these are is not known: they may be those of a source, and are for the log.
        let log = Log::default();
        let _listening = log.listen();
        let response = given(answer(502, kind, body)).await;
        assert_eq!(error(&response)["code"], "DEPENDENCY_FAILED", "{body}");
        let lines = log.take();
        assert!(lines.len() == 1 && lines[0].contains("the service answered 502: {"), "{lines:?}");
    }
    let others = [
        r#"{"error":"no"}"#,
        // Other houses have an `error` with code and message, too.
        r#"{"error":{"code":"internal_error","message":"db7.internal is gone"}}"#,
        r#"{"error":{"code":"E 1","message":"db7.internal is gone"}}"#,
    ];
    for other in others {
        let other = given(answer(502, "application/json", other)).await;
        assert_eq!(error(&other)["code"], "DEPENDENCY_FAILED");
    }
    let mut grpc = answer(502, "application/grpc", "");
    grpc.headers_mut().insert("grpc-status", "14".parse().unwrap());
    assert_eq!(given(grpc).await.headers()["content-type"], "application/grpc");
}
