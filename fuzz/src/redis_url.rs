//! The URL of a Redis.

use std::fmt::Write;

use buttress_redis::RedisSettings;
use buttress_redis::parsing::{Url, url};

/// What is read can be written again and is the same then; a host is always named, and each once; and what is shown of
/// a handle does not depend on the password.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(read) = url(text) else { return };
    assert_eq!(url(&written(&read)).as_ref(), Ok(&read));
    assert!((1..=32).contains(&read.places.len()));
    for (at, place) in read.places.iter().enumerate() {
        assert!(!place.0.is_empty() && !read.places[..at].contains(place), "{read:?}");
    }
    assert_eq!(read.fleet == "sentinel", read.name.as_ref().is_some_and(|name| !name.is_empty()));
    if read.password.is_some() && !read.tls {
        let mut other = read.clone();
        other.password = Some("another one".to_owned());
        assert_eq!(shown(text), shown(&written(&other)));
    }
}

fn shown(url: &str) -> String {
    let settings = RedisSettings::from(url);
    let before = format!("{settings:?}");
    format!("{before} {:?}", settings.build().expect("it was read before"))
}

/// The URL, with all encoded that can be.
fn written(url: &Url) -> String {
    let encoded = |part: &Option<String>| part.as_deref().map(encoded).unwrap_or_default();
    let (user, password) = (encoded(&url.user), encoded(&url.password));
    if let [(path, 0)] = &*url.places {
        let path = self::encoded(path);
        return format!("unix:{path}?db={}&user={user}&pass={password}", url.database);
    }
    let plus = if url.fleet.is_empty() { "" } else { "+" };
    let (tls, fleet) = (if url.tls { "s" } else { "" }, url.fleet);
    let places = url.places.iter().map(|(host, port)| format!("{}:{port}", self::encoded(host)));
    let places = places.collect::<Vec<_>>().join(",");
    let name = url.name.as_ref().map(|name| format!("{}/", self::encoded(name)));
    let (name, database) = (name.unwrap_or_default(), url.database);
    format!("redis{tls}{plus}{fleet}://{user}:{password}@{places}/{name}{database}")
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02x}").expect("a string takes all");
        all
    })
}
