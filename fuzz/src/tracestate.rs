//! Any bytes as the values of `tracestate`, a header for each line.

use std::collections::HashSet;

use buttress_core::trace::TraceState;
use http::HeaderValue;

/// What is read is grammatical, within the limits, and reads the same again; also after an insertion.
pub fn run(data: &[u8]) {
    let lines = data.split(|&byte| byte == b'\n');
    let headers: Vec<_> = lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    let Some(mut state) = TraceState::parse(&headers) else { return };
    check(&state);

    // The first line once more, as a member of our own.
    let first = headers.first().and_then(|header| header.to_str().ok()).unwrap_or_default();
    let (key, value) = first.split_once('=').unwrap_or((first, "1"));
    let before = state.clone();
    if state.insert(key, value).is_err() {
        assert_eq!(state, before);
        return;
    }
    check(&state);
    assert_eq!(state.iter().next(), Some((key, value)));
    let mut others = before.iter().filter(|member| member.0 != key);
    assert!(state.iter().skip(1).all(|kept| others.any(|other| other == kept)), "{state} {before}");
}

fn check(state: &TraceState) {
    let text = state.as_str();
    assert!(text.len() <= 512 && text.split(',').count() <= 32, "{text}");
    assert_eq!(text, text.trim(), "a header neither starts nor ends with white space");
    assert_eq!(state.is_empty(), text.is_empty());

    let mut keys = HashSet::new();
    for (key, value) in state {
        let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-*/@".contains(c);
        assert!(key.starts_with(|c: char| is_key(c) && !"_-*/@".contains(c)), "{key}");
        assert!(key.len() <= 256 && key.chars().all(is_key), "{key}");
        assert!((1..=256).contains(&value.len()) && !value.ends_with(' '), "{value}");
        assert!(value.chars().all(|c| (' '..='~').contains(&c) && c != ',' && c != '='), "{value}");
        assert!(keys.insert(key), "{key} twice");
        assert_eq!(state.get(key), Some(value));
    }
    let again = TraceState::parse(state.header()).expect("it was just written");
    assert_eq!(again.as_str(), text);
}
