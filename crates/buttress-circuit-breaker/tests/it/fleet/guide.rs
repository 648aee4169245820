//! What a fleet tells is in the catalogue.

use std::fs;
use std::path::Path;

use buttress_circuit_breaker::fleet::CATALOGUE;

#[test]
fn every_signal_is_in_the_catalogue() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/signals.md");
    let page = fs::read_to_string(page).unwrap();
    let row = |name: &str| {
        let name = format!("`{name}`");
        page.lines().find(|line| line.starts_with('|') && line.contains(&name)).unwrap_or_default()
    };
    for metric in CATALOGUE {
        let row = row(metric.name());
        let told = metric.labels().iter().all(|label| row.contains(&format!("`{label}`")));
        assert!(told && !row.is_empty(), "{}", metric.name());
    }
    for event in ["breakers decide alone", "breakers decide together again", "breaker.fleet_forced"]
    {
        assert!(!row(event).is_empty(), "{event}");
    }
}

#[cfg(feature = "schemars")]
#[test]
fn its_settings_have_a_schema() {
    use buttress_circuit_breaker::fleet::FleetSettings;

    let schema = serde_json::to_value(schemars::schema_for!(FleetSettings)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["quorum"]);
    assert_eq!(properties["quorum"]["default"], 2);
    // A number of votes, or a share such as `50%`.
    let of = &schema["$defs"]["QuorumSettings"]["anyOf"];
    assert_eq!([&of[0]["type"], &of[1]["type"]], ["integer", "string"]);
}
