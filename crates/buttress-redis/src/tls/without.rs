use std::io;

use buttress_core::{BuildError, Faults};

use super::{Both, TlsSettings};
use crate::address::Address;
use crate::link::Io;
use crate::location::Location;

/// What the program itself has given: nothing can be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(());

/// No encryption.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls;

const FEATURE: &str = "needs the feature `tls` of buttress-redis: `redis-tls` of the facade";

impl Tls {
    #[expect(clippy::needless_pass_by_value, reason = "with the feature it is kept")]
    pub(crate) fn check(
        location: &Location,
        sentinels: Option<bool>,
        settings: Option<TlsSettings>,
        _: Given,
    ) -> Result<Both, BuildError> {
        let mut faults = Faults::new();
        if location.tls {
            faults.add("url", format_args!("has a scheme that {FEATURE}"));
        }
        if settings.is_some() {
            faults.add("tls", FEATURE);
        }
        if sentinels == Some(true) {
            faults.add("sentinel_tls", FEATURE);
        }
        faults.finish(Both::default())
    }

    #[expect(clippy::unused_async, reason = "with the feature there is a handshake")]
    pub(crate) async fn secure(&self, io: Io, _: &Address) -> io::Result<Io> {
        Ok(io)
    }
}

#[cfg(test)]
mod tests {
    use crate::RedisSettings;

    #[test]
    fn what_cannot_be_done_names_the_feature() {
        for (settings, expected) in [
            (r#"{"url": "rediss://:hunter2@localhost", "tls": {}}"#, &["url", "tls"][..]),
            (r#"{"url": "rediss+sentinel://:hunter2@localhost/fleet"}"#, &["url"]),
            (r#"{"url": "valkeys+cluster://:hunter2@localhost"}"#, &["url"]),
            (
                r#"{"url": "redis+sentinel://localhost/fleet", "sentinel_tls": true}"#,
                &["sentinel_tls"],
            ),
        ] {
            let settings: RedisSettings = serde_json::from_str(settings).unwrap();
            let error = settings.build().unwrap_err();
            let paths: Vec<_> = error.faults().iter().map(buttress_core::Fault::path).collect();
            assert_eq!(paths, expected);
            assert!(error.faults().iter().all(|fault| fault.reason().contains("feature `tls`")));
        }
    }
}
