//! Ids of requests: from outside, and made here.

use buttress_core::RequestId;
use buttress_core::clock::Timestamp;
use http::HeaderValue;

/// An id that is accepted may stand in a header, a log line and a JSON string as it is; one that was made
/// is accepted by the next hop.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(data)
        && let Some(id) = RequestId::parse(&value)
    {
        assert_eq!(id.header_value(), value);
        assert!((1..=RequestId::MAX_LEN).contains(&id.as_str().len()));
        assert!(
            id.as_str().bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>&'".contains(&byte))
        );
    }
    let nanos = data.iter().take(8).fold(0, |nanos, byte| nanos << 8 | u64::from(*byte));
    let made = RequestId::generate(Timestamp::from_nanos(nanos));
    assert_eq!(RequestId::parse(&made.header_value()), Some(made.clone()));
    assert_eq!(made.as_str().len(), 36);
}
