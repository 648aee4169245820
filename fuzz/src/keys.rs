//! What keys are made of: headers with API keys and hosts, seeds in settings, keys in stores.

use buttress_core::key::{
    Key, KeyFor, KeyOutcome, KeySeed, Keyer, MissingKey, api_key, header, host,
};
use http::{HeaderValue, Request};

/// Lines of the input are headers of one request, by the first byte of each. A request that lacks a part and one
/// that has it never share a key, and a line that is said again changes nothing. A seed or a key that is accepted
/// is the one that was written.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let mut request = Request::new(());
    for line in data.split(|byte| *byte == b'\n') {
        let Some((which, value)) = line.split_first() else { continue };
        let name = match which {
            b'a' => "authorization",
            b'h' => "host",
            _ => "x-api-key",
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.headers_mut().append(name, value);
        }
    }
    let mut again = request.clone();
    for (name, value) in request.headers() {
        again.headers_mut().append(name, value.clone());
    }
    let keyer = Keyer::from(KeySeed::from_bytes([7; 16]));
    let parts: [&dyn KeyFor; 4] = [&api_key(), &header("authorization"), &header("host"), &host()];
    for by in parts {
        let found = keyer.key_for(by, &request);
        let absent = keyer.key_for(by, &Request::new(()));
        assert_eq!(found.is_complete(), found.key() != absent.key());
        assert_eq!(found, keyer.key_for(by, &again));
        if found.or(MissingKey::Skip) == KeyOutcome::Skip {
            assert_eq!(found, absent, "only what is not there at all is skipped");
        }
    }
    parsed(data);
}

fn parsed(data: &[u8]) {
    if let Some(key) = Key::parse(data) {
        assert_eq!(key.to_string().as_bytes(), data);
    }
    let Some(seed) = str::from_utf8(data).ok().and_then(|text| text.parse::<KeySeed>().ok()) else {
        return;
    };
    let digits = format!("{:032x}", u128::from_be_bytes(*seed.expose()));
    assert!(digits.as_bytes().eq_ignore_ascii_case(data));
}
