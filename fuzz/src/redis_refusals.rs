//! What a server says when it does not do what it is asked.

use buttress_redis::parsing::refusal;

/// What is to be done elsewhere did not run; the place can be connected to; the words are one short line.
pub fn run(data: &[u8]) {
    let Some((is_elsewhere, to, error)) = refusal(data) else { return };
    if is_elsewhere {
        assert!(!error.may_have_run(), "{error:?}");
    }
    if let Some((slot, (_, port))) = to {
        assert!(is_elsewhere && slot < 16_384 && port > 0);
    }
    let words = error.to_string();
    assert!(words.chars().count() <= 300 && !words.contains(char::is_control), "{words:?}");
}
