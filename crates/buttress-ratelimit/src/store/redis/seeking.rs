//! What keys are made with, where the process began without it: it asks for it until it knows.

use std::sync::Weak;
use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::engine::Answered;
use buttress_redis::ErrorKind;

use super::redis_store::Handle;
use super::script::Operation;
use super::state::{Asked, State};
use crate::store::Receipt;
use crate::{Charge, Charges, Limits, Verdict};

/// How often it asks: a call without a connection costs nothing.
const TICK: Duration = Duration::from_millis(250);

/// Asks until it knows, or the last handle is gone. What stands in the way of it is told once: that there is no
/// connection is told by whoever is answered without.
pub(super) async fn seek(handle: Weak<Handle>) {
    let mut is_told = false;
    while let Some(redis) = handle.upgrade().map(|handle| handle.state.redis.clone()) {
        if redis.known_seed().is_some() {
            return;
        }
        match redis.seed("keys").await {
            // Whoever is answered by Redis next says that it is back.
            Ok(_) => return,
            Err(error) if error.kind() == ErrorKind::Unreachable || is_told => {}
            Err(error) => {
                is_told = true;
                tracing::warn!(target: "buttress", %error, "limits wait for the keys of the fleet");
            }
        }
        TokioTimer.sleep(TICK).await;
    }
}

/// Whether these are keys of this process alone, of which Redis knows nothing.
pub(super) fn are_keyed_here(charges: &Charges) -> bool {
    charges.as_slice().iter().any(Charge::is_keyed_here)
}

impl State {
    /// Whether it makes the keys of the fleet.
    pub(super) fn has_keys(&self) -> bool {
        !self.awaits_seed || self.redis.known_seed().is_some()
    }

    /// Decides as if Redis could not be asked.
    pub(super) fn decide_here(
        &self,
        operation: Operation,
        limits: &Limits,
        charges: &Charges,
    ) -> Asked {
        let processes = self.fleet.processes();
        let decide = || self.instead.decide(operation, limits, charges, processes);
        Asked::Now(self.fallback.before_seed(|| Answered::<Verdict>::Local(decide())).into())
    }

    /// Counts as if Redis could not be asked.
    pub(super) fn count_here(&self, limits: &Limits, charges: &Charges, receipt: Option<Receipt>) {
        let processes = self.fleet.processes();
        let count = || self.instead.count(limits, charges, processes);
        let Answered::Local(counted) = self.fallback.before_seed(|| Answered::Local(count()))
        else {
            return;
        };
        if let Some(receipt) = receipt {
            receipt.counted(&counted);
        }
    }
}
