//! A target and a `Host` field, which name one server or two.

use buttress::serve::scanning::names_another;
use http::{HeaderValue, Uri};

/// The first line is the target, the rest the field. What a target names itself is never another, and no letter is one
/// for its case.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (Ok(target), Ok(host)) =
        (Uri::try_from(&data[..end]), HeaderValue::from_bytes(&data[end + 1..]))
    else {
        return;
    };
    let differs = names_another(&target, &host);
    let swapped: Vec<u8> = host.as_bytes().iter().copied().map(swapped).collect();
    let swapped = HeaderValue::from_bytes(&swapped).expect("it was one before");
    assert_eq!(names_another(&target, &swapped), differs);
    let Some(authority) = target.authority() else {
        assert!(!differs, "nobody is named");
        return;
    };
    let own = authority.as_str();
    assert!(!names_another(&target, &HeaderValue::from_str(own).expect("it is printable")));
    let host = host.as_bytes();
    assert!(!differs || !host.eq_ignore_ascii_case(own.as_bytes()));
    assert!(differs || host.len() <= own.len() + 4, "only a port may be added");
}

fn swapped(byte: u8) -> u8 {
    if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
}
