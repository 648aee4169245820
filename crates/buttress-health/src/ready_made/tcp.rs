use std::fmt::Display;

use buttress_core::Health;

use super::connect::connect;
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
    ///     "wrong setting checks.cache: `cache.internal` is not `host:port`"
    /// );
    /// ```
    ///
    /// A name is looked up each time, on a thread of tokio's for what blocks. A look-up that hangs is given up
    /// at the deadline like all else; its thread goes on until the system gives up, too. Of several addresses any will do: after
    /// a quarter of a second without an answer the next is tried beside the one before.
    pub fn tcp(name: impl Into<String>, address: impl Into<String>) -> Self {
        let (name, address) = (name.into(), address.into());
        if !is_address(&address) {
            return Self::wrong(name, format!("`{address}` is not `host:port`"));
        }
        Self::of(name, move || {
            let address = address.clone();
            async move {
                match connect(address).await {
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

fn is_address(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}
