//! Settings are checked once, and all that is wrong is said.

use buttress::serve::{Server, ServerSettings};

#[test]
fn the_defaults_are_right_and_survive_a_file() {
    let text = serde_json::to_string(&ServerSettings::default()).unwrap();
    let read: ServerSettings = serde_json::from_str(&text).unwrap();
    assert_eq!(read, ServerSettings::default());
    read.build().unwrap();
    let empty: ServerSettings = serde_json::from_str("{}").unwrap();
    assert_eq!(empty, ServerSettings::default());
}

#[test]
fn age_and_pings_are_off_in_a_file_and_stay_off() {
    let toml = "max_connection_age_ms = \"never\"\n[http2]\nping_interval_ms = \"never\"\n";
    let json = r#"{"max_connection_age_ms": null, "http2": {"ping_interval_ms": null}}"#;
    let read: ServerSettings = toml::from_str(toml).unwrap();
    assert_eq!((read.max_connection_age_ms, read.http2.ping_interval_ms), (None, None));
    assert_eq!(read, serde_json::from_str(json).unwrap());
    let written = toml::to_string(&read).unwrap();
    assert_eq!(toml::from_str::<ServerSettings>(&written).unwrap(), read, "{written}");
    read.build().unwrap();
    let wrong =
        toml::from_str::<ServerSettings>("max_connection_age_ms = \"sometimes\"").unwrap_err();
    assert!(wrong.to_string().contains("milliseconds, or `never`"), "{wrong}");
}

#[test]
fn what_is_not_known_is_refused() {
    for text in [r#"{"headerbytes": 1}"#, r#"{"http2": {"streams": 1}}"#] {
        assert!(serde_json::from_str::<ServerSettings>(text).is_err());
    }
}

#[test]
fn everything_wrong_is_said_at_once() {
    let settings: ServerSettings = serde_json::from_str(
        r#"{
            "header_read_timeout_ms": 0, "keep_alive_idle_ms": 0, "max_connection_age_ms": 0,
            "stall_timeout_ms": 0, "min_bytes_per_second": 1000000001, "header_bytes": 1, "header_count": 0, "uri_length": 0,
            "connections": 0, "connections_per_address": 0, "proxy_protocol_from": ["here", "::/0"],
            "uncounted_addresses": ["10.0.0.1/8"], "hook_timeout_ms": 0, "silent_streams": ["/a", "b"],
            "http2": { "concurrent_streams": 0, "stream_window": 0, "connection_window": 1,
                       "send_buffer": 0, "idle_frames": 0, "ping_interval_ms": 0, "ping_timeout_ms": 0 }
        }"#,
    )
    .unwrap();
    let error = settings.build().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(|fault| fault.path().to_owned()).collect();
    assert_eq!(paths.len(), 22, "{paths:?}");
}

#[test]
fn the_builder_asks_the_same_questions() {
    let error = Server::builder()
        .uri_length(100_000)
        .http2(|http2| http2.connection_window = 1)
        .build()
        .unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(|fault| fault.path().to_owned()).collect();
    assert_eq!(paths, ["uri_length", "http2.connection_window"]);
}

/// What is cut off by another limit is no fault, or nobody could lower one alone.
#[test]
fn a_short_head_needs_no_other_setting() {
    for text in
        [r#"{"header_bytes": 1024}"#, r#"{"header_bytes": 8192}"#, r#"{"uri_length": 65534}"#]
    {
        serde_json::from_str::<ServerSettings>(text).unwrap().build().unwrap();
    }
    let error = Server::builder().uri_length(65_535).build().unwrap_err();
    assert_eq!(error.faults()[0].to_string(), "uri_length: must be from 1 to 65534, not 65535");
}

/// Fewer than any client needs to begin would refuse everybody.
#[test]
fn nobody_is_left_without_the_frames_of_a_beginning() {
    for (frames, right) in [(1, false), (15, false), (16, true)] {
        let server = Server::builder().http2(|http2| http2.idle_frames = frames).build();
        assert_eq!(server.is_ok(), right, "{frames}");
    }
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(ServerSettings)).unwrap();
    let written = serde_json::to_value(ServerSettings::default()).unwrap();
    for name in written.as_object().unwrap().keys() {
        assert!(schema["properties"][name]["description"].is_string(), "{name}: {schema}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["$defs"]["Http2Settings"]["properties"]["ping_interval_ms"].is_object());
}
