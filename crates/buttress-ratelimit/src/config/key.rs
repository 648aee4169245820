use std::sync::Arc;

use buttress_core::Faults;
use buttress_core::key::{
    KeyFor, KeyParts, KeyWriter, address, api_key, everyone, header_named, host, label, method,
    path, principal, route, session, tenant,
};
use buttress_core::stage::RequestHead;
use http::HeaderName;
use serde::{Deserialize, Serialize};

/// What requests are keyed by, as settings say it: a word, or a list of them.
///
/// The words are `address`, `api_key`, `principal`, `session`, `tenant`, `route`, `path`, `method`, `host`, `everyone`,
/// `header:` with the name of one, and `label:` with any text.
///
/// ```
/// use buttress_ratelimit::RateLimitSettings;
///
/// let settings: RateLimitSettings = serde_json::from_str(
///     r#"{ "policies": [{ "name": "a", "quota": "9/s", "by": ["principal", "header:x-shop"] }] }"#,
/// )?;
/// assert!(settings.build().is_ok());
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a key: a word such as `address`, or a list of them")]
#[non_exhaustive]
pub enum KeySettings {
    /// One part.
    One(String),
    /// All of them, in this order.
    All(Vec<String>),
}

impl KeySettings {
    /// The key, or one of nothing if it is wrong.
    pub(super) fn read(&self, path: &str, faults: &mut Faults) -> Listed {
        match self {
            Self::One(word) => Listed(part(word, path, faults).into_iter().collect()),
            Self::All(words) => {
                if words.is_empty() {
                    faults.add(path, "is empty: say `everyone` if all have one limit together");
                }
                let parts = words.iter().enumerate();
                Listed(
                    parts
                        .filter_map(|(at, word)| part(word, &format!("{path}[{at}]"), faults))
                        .collect(),
                )
            }
        }
    }
}

/// The parts of each, in this order: as a tuple is.
#[derive(Clone, Debug)]
pub(super) struct Listed(Arc<[Arc<dyn KeyFor>]>);

impl KeyFor for Listed {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        self.0.iter().for_each(|part| part.write(request, key));
    }

    fn describe(&self, parts: &mut KeyParts) {
        self.0.iter().for_each(|part| part.describe(parts));
    }
}

fn part(word: &str, path_of_it: &str, faults: &mut Faults) -> Option<Arc<dyn KeyFor>> {
    let known: Arc<dyn KeyFor> = match word {
        "address" => Arc::new(address()),
        "api_key" => Arc::new(api_key()),
        "principal" => Arc::new(principal()),
        "session" => Arc::new(session()),
        "tenant" => Arc::new(tenant()),
        "route" => Arc::new(route()),
        "path" => Arc::new(path()),
        "method" => Arc::new(method()),
        "host" => Arc::new(host()),
        "everyone" => Arc::new(everyone()),
        _ => return with_name(word, path_of_it, faults),
    };
    Some(known)
}

fn with_name(word: &str, path: &str, faults: &mut Faults) -> Option<Arc<dyn KeyFor>> {
    match word.split_once(':') {
        Some(("label", name)) if !name.is_empty() => Some(Arc::new(label(name.to_owned()))),
        Some(("header", name)) => {
            if let Ok(name) = HeaderName::try_from(name) {
                return Some(Arc::new(header_named(name)));
            }
            faults.add(path, format_args!("`{name}` is no name of a header"));
            None
        }
        _ => {
            faults.add(path, format_args!("`{word}` is nothing that a request has"));
            None
        }
    }
}
