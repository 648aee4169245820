use std::fmt::Display;

use buttress_core::Health;

use super::connect::Destination;
use crate::Check;

impl Check {
    /// Connects over TCP to `host:port`, and closes the connection again: somebody listens there.
    ///
    /// ```
    /// use buttress_health::{Check, HealthChecks};
    ///
    /// let health = HealthChecks::builder()
    ///     .check(Check::tcp("database", "db.internal:5432").critical())
    ///     .check(Check::tcp("cache", "cache.internal").degrading())
    ///     .build();
    /// assert_eq!(
    ///     health.unwrap_err().to_string(),
    ///     "wrong setting checks.cache: must be `host:port`"
    /// );
    /// ```
    ///
    /// A name is looked up each time, on a thread of its own. A look-up that hangs is given up at the deadline like all
    /// else; its thread goes on until the system gives up, too. Until then the check is down and asks no second time:
    /// so it holds one thread at most, and keeps no runtime from ending. Of several addresses any will do: after a
    /// quarter of a second without an answer the next is tried beside the one before.
    pub fn tcp(name: impl Into<String>, address: impl Into<String>) -> Self {
        let (name, address) = (name.into(), address.into());
        let Some(destination) = destination(&address) else {
            // Not quoted: a URL in its place may have a password in it.
            return Self::wrong(name, "must be `host:port`".to_owned());
        };
        Self::of(name, move || {
            let destination = destination.clone();
            async move {
                match destination.connect().await {
                    Ok(_) => Health::up(),
                    Err(error) => refused("cannot connect", &error),
                }
            }
        })
    }
}

pub(super) fn refused(what: &str, error: &dyn Display) -> Health {
    Health::down(format!("{what}: {error}"))
}

fn destination(address: &str) -> Option<Destination> {
    let (host, port) = address.rsplit_once(':')?;
    let is_odd = |sign: char| sign.is_whitespace() || sign.is_control() || "/@?#".contains(sign);
    let port = port.parse().ok().filter(|port: &u16| *port > 0)?;
    (!host.is_empty() && !host.contains(is_odd)).then(|| Destination::new(host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HealthChecks;

    #[test]
    fn what_is_no_address_is_refused_and_not_quoted() {
        for right in ["db.internal:5432", "127.0.0.1:1", "[::1]:80", "größe.example:65535"] {
            assert!(destination(right).is_some(), "{right}");
        }
        for wrong in [
            "",
            ":",
            ":80",
            "hunter2",
            "hunter2:",
            "hunter2:0",
            "hunter2:65536",
            "hunter2:postgres",
            "postgres://user:hunter2@db:5432/shop",
            "postgres://user:hunter2@db:5432",
            "user:hunter2@db:5432",
            "http://hunter2:80",
            "hunter2/x:80",
            "hunter2 x:80",
            "hunter2\n:80",
        ] {
            let health = HealthChecks::builder().check(Check::tcp("db", wrong)).build();
            let error = health.expect_err(wrong).to_string();
            assert_eq!(error, "wrong setting checks.db: must be `host:port`");
        }
    }
}
