//! JSON:API tells kinds from cases, and points to what is there.

use buttress_core::render::Render;
use buttress_core::{Code, Detail, Problem};
use buttress_error_envelope::JsonApi;
use serde_json::json;

use crate::formats::{json_of, occasion, problem};

#[test]
fn json_api_has_an_error_for_each_detail() {
    let answer = JsonApi.render(&problem(), &occasion());
    assert_eq!(answer.headers()["content-type"], "application/vnd.api+json");
    let body = json_of(&answer);
    let errors = body["errors"].as_array().unwrap();
    let sources: Vec<_> = errors.iter().map(|error| error.get("source")).collect();
    assert_eq!(
        sources,
        [
            Some(&json!({ "pointer": "/items/0/a b" })),
            Some(&json!({ "parameter": "page" })),
            Some(&json!({ "header": "x-tenant" })),
            None,
        ]
    );
    assert_eq!(errors[3]["meta"], json!({ "reason": "invalid", "in": "path", "name": "id" }));
    assert_eq!(body["errors"][0]["status"], "422");
    assert_eq!(body["errors"][0]["code"], "VALIDATION_FAILED");
    assert_eq!(body["errors"][0]["detail"], "must be at least 1");
    assert_eq!(body["meta"]["correlationId"], "r-1");

    let one = json_of(&JsonApi.render(&Problem::gone(), &occasion()));
    assert_eq!(one["errors"].as_array().unwrap().len(), 1);
    assert_eq!(one["errors"][0].get("source"), None);
}

/// A title is the same each time; what is said of this case is the detail.
#[test]
fn json_api_tells_the_kind_from_the_case() {
    let of = |problem: Problem| json_of(&JsonApi.render(&problem, &occasion()));
    let kind = Code::NOT_FOUND.default_message();
    let plain = of(Problem::not_found());
    assert_eq!(
        (&plain["errors"][0]["title"], plain["errors"][0].get("detail")),
        (&kind.into(), None)
    );
    let said = "There is no order 17.";
    let case = of(Problem::not_found().with_message(said));
    assert_eq!(
        (&case["errors"][0]["title"], &case["errors"][0]["detail"]),
        (&kind.into(), &said.into())
    );
    assert_eq!(case["meta"].get("message"), None);

    let detailed = of(problem().with_message(said));
    assert_eq!(detailed["errors"][0]["title"], Code::VALIDATION_FAILED.default_message());
    assert_eq!(detailed["errors"][0]["detail"], "must be at least 1");
    assert_eq!(detailed["meta"]["message"], said);
}

#[test]
fn json_api_points_to_what_is_in_the_document() {
    let missing = |pointer| {
        let detail = Detail::body(pointer, "missing_field", "missing field `x`");
        let body = json_of(&JsonApi.render(&Problem::validation([detail]), &occasion()));
        body["errors"][0]["source"]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!([missing("/items/0/x"), missing("/x"), missing("")], ["/items/0", "", ""]);
}
