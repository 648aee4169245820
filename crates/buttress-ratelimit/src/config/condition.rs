use std::collections::BTreeMap;

use buttress_core::Faults;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::when::{self, Condition};

/// Which requests are meant, as settings say it: all of what is said has to hold, and of each list one.
///
/// ```
/// use buttress_ratelimit::RateLimitSettings;
///
/// let settings: RateLimitSettings = serde_json::from_str(
///     r#"{
///         "policies": [{ "name": "a", "quota": "9/s", "by": "address", "when": { "methods": ["POST"] } }],
///         "exempt": [{ "addresses": ["10.0.0.0/8"] }, { "path_prefixes": ["health"] }]
///     }"#,
/// )?;
/// let error = settings.build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "exempt[1]");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConditionSettings {
    /// Methods, as `POST`.
    pub methods: Vec<String>,
    /// Whole paths.
    pub paths: Vec<String>,
    /// Paths, and what is below them.
    pub path_prefixes: Vec<String>,
    /// Names of hosts.
    pub hosts: Vec<String>,
    /// Addresses and networks.
    pub addresses: Vec<String>,
    /// Headers with their values; all of them.
    pub headers: BTreeMap<String, String>,
    /// Headers that are there, whatever they say; all of them.
    pub has_headers: Vec<String>,
}

impl ConditionSettings {
    /// The condition; nothing, and a fault, if it says nothing.
    pub(super) fn read(&self, path: &str, faults: &mut Faults) -> Option<Condition> {
        let any = |conditions: Vec<Condition>| conditions.into_iter().reduce(Condition::or);
        let prefixed = self.path_prefixes.iter().map(when::path_prefix);
        let paths = self.paths.iter().map(when::path).chain(prefixed).collect();
        let named = self.headers.iter().map(|(name, value)| when::header(name, value));
        let all = [
            self.methods(path, faults),
            any(paths),
            any(self.hosts.iter().map(when::host).collect()),
        ];
        let addresses = (!self.addresses.is_empty()).then(|| when::addresses(&self.addresses));
        let headers = named.chain(self.has_headers.iter().map(when::has_header));
        let all = all.into_iter().chain([addresses]).flatten().chain(headers);
        let whole = all.reduce(Condition::and);
        if whole.is_none() && self.methods.is_empty() {
            faults.add(path, "says nothing");
        }
        whole
    }

    fn methods(&self, path: &str, faults: &mut Faults) -> Option<Condition> {
        let mut methods = Vec::new();
        for (at, method) in self.methods.iter().enumerate() {
            match Method::from_bytes(method.as_bytes()) {
                // As nobody sends it: a slip.
                Ok(_) if method.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                    faults.add(
                        format!("{path}.methods[{at}]"),
                        format_args!("`{method}` is written in capitals"),
                    );
                }
                Ok(method) => methods.push(method),
                Err(_) => {
                    faults.add(
                        format!("{path}.methods[{at}]"),
                        format_args!("`{method}` is no method"),
                    );
                }
            }
        }
        (!methods.is_empty()).then(|| when::methods(methods))
    }
}
