use buttress_core::Secret;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Settings {
    key: Secret<String>,
}

#[test]
fn debug_prints_nothing_of_it() {
    let settings = Settings { key: "hunter2".to_owned().into() };
    assert_eq!(format!("{settings:?}"), "Settings { key: Secret(…) }");
    assert_eq!(format!("{:#?}", Secret::new(vec![7])), "Secret(…)");
}

#[test]
fn is_read_as_the_plain_value() {
    let settings: Settings = serde_json::from_str(r#"{"key":"hunter2"}"#).unwrap();
    assert_eq!(settings.key.expose(), "hunter2");
    assert_eq!(settings.key.into_inner(), "hunter2");
}

#[test]
fn an_error_of_reading_does_not_repeat_it() {
    let error = serde_json::from_str::<Settings>(r#"{"key":48151623}"#).unwrap_err();
    assert!(!error.to_string().contains("48151623"), "{error}");

    let error = serde_json::from_str::<Secret<u32>>(r#""hunter2""#).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn equal_means_every_byte_and_the_length() {
    let secret = |text: &str| Secret::new(text.to_owned());
    assert_eq!(secret("hunter2"), secret("hunter2"));
    assert_ne!(secret("hunter2"), secret("hunter3"));
    assert_ne!(secret("hunter2"), secret("Hunter2"));
    assert_ne!(secret("hunter2"), secret("hunter"));
    assert_ne!(secret(""), secret("h"));
    assert_eq!(Secret::new([1_u8, 2]), Secret::new([1, 2]));
}

#[cfg(feature = "schemars")]
#[test]
fn the_schema_is_that_of_the_plain_value() {
    let schema = serde_json::to_value(schemars::schema_for!(Secret<String>)).unwrap();
    assert_eq!((&schema["type"], &schema["writeOnly"]), (&"string".into(), &true.into()));
}
