//! Settings have a schema, and it names what a file may say.

use buttress_overload::adaptive::AdaptiveSettings;
use buttress_overload::bulkhead::BulkheadSettings;
use buttress_overload::outlier::OutlierSettings;
use buttress_overload::shed::ShedSettings;
use buttress_overload::throttle::ThrottleSettings;
use schemars::{JsonSchema, schema_for};
use serde::Serialize;

/// What a file with all that is in these settings says.
fn names<S: Serialize>(settings: &S) -> Vec<String> {
    let mut names: Vec<_> = toml::Table::try_from(settings).unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// The properties of the schema, of which no other may stand in a file.
fn told<S: JsonSchema>() -> Vec<String> {
    let schema = schema_for!(S);
    assert_eq!(schema.get("additionalProperties").unwrap(), false);
    let properties = schema.get("properties").unwrap().as_object().unwrap();
    let mut names: Vec<_> = properties.keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn outliers_have_a_schema_with_all_their_names() {
    assert_eq!(told::<OutlierSettings>(), names(&OutlierSettings::default()));
    let schema = schema_for!(OutlierSettings);
    let of = |name: &str| &schema.get("properties").unwrap()[name];
    assert_eq!(of("deviations")["type"], "number");
    assert_eq!(of("left_out_for_ms")["default"], 30_000);
}

#[test]
fn so_have_the_others() {
    assert_eq!(told::<AdaptiveSettings>(), names(&AdaptiveSettings::default()));
    assert_eq!(told::<BulkheadSettings>(), names(&BulkheadSettings::default()));
    assert_eq!(told::<ShedSettings>(), names(&ShedSettings::default()));
    assert_eq!(told::<ThrottleSettings>(), names(&ThrottleSettings::default()));
}
