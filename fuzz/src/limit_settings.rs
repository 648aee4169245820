//! Limits as they stand in a file, and quotas as they stand in a line.

use buttress_ratelimit::store::Memory;
use buttress_ratelimit::{Quota, RateLimitBuilder, RateLimitSettings};

/// What is read can be written, and is the same when it is read again. Settings make limits or say what is wrong with
/// them; limits that they have made take the same quotas again.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    quota(text);
    let Ok(mut settings) = serde_json::from_str::<RateLimitSettings>(text) else { return };
    let written = serde_json::to_string(&settings).expect("it was read");
    let again: RateLimitSettings = serde_json::from_str(&written).expect(&written);
    assert_eq!(serde_json::to_string(&again).expect("it was read"), written);

    // What takes all memory there is, is what somebody asked for.
    settings.most_banned = settings.most_banned.map(|most| most.min(64));
    let builder = RateLimitBuilder::from(settings.clone()).engine(Memory::with_capacity(8));
    match builder.build() {
        Ok(limits) => limits.replace_from(&settings).expect("they were right"),
        Err(error) => {
            assert!(!error.faults().is_empty());
            error
                .faults()
                .iter()
                .for_each(|fault| assert!(!fault.reason().is_empty(), "{fault:?}"));
        }
    }
}

fn quota(text: &str) {
    match text.parse::<Quota>() {
        Ok(quota) => {
            assert!(!quota.to_string().is_empty());
            if let Ok(limit) = quota.check() {
                assert!(limit.count() > 0 && limit.burst() > 0, "{quota}");
            }
        }
        Err(error) => assert!(error.to_string().starts_with('`')),
    }
}
