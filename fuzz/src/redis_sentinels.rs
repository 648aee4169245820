//! What a sentinel answers, and what it tells.

use buttress_redis::parsing::{news, sentinel};

/// Who is named can be connected to; news are about one name alone.
pub fn run(data: &[u8]) {
    if let Some((_, master, others)) = sentinel(data) {
        let named = others.iter().chain([&master]);
        assert!(named.into_iter().all(|(host, port)| !host.is_empty() && *port > 0));
    }
    if news(data, "fleet") {
        assert!(data.starts_with(b"fleet ") && !news(data, "fleets") && !news(data, "flee"));
    }
}
