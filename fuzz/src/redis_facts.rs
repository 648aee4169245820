//! What a server tells of itself when it is connected to.

use buttress_redis::parsing::facts;

/// Whatever it tells, what is repeated of it is a short line, and never much.
pub fn run(data: &[u8]) {
    let Some((_, version, warnings)) = facts(data) else { return };
    assert!(warnings.len() <= 2);
    for line in version.iter().chain(&warnings) {
        assert!(line.len() <= 200 && !line.contains(char::is_control), "{line:?}");
    }
}
