//! The outbound wall, its parts, endpoints and a fleet of breakers, as they stand in a file.

use buttress::OutboundSettings;
use buttress::overload::outlier::OutlierSettings;
use buttress_circuit_breaker::CircuitBreakerSettings;
use buttress_circuit_breaker::fleet::{Fleet, FleetSettings, MemoryVotes};
use buttress_core::BuildError;
use buttress_retry::RetrySettings;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is read can be written and read again. Settings make what they are of, or say what is wrong with them, and
/// where.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Some(settings) = read::<OutboundSettings>(text) {
        check(settings.build().map(drop));
    }
    if let Some(settings) = read::<RetrySettings>(text) {
        check(settings.builder().map(drop));
    }
    if let Some(settings) = read::<CircuitBreakerSettings>(text) {
        check(settings.builder().and_then(|builder| builder.build().map(drop)));
    }
    if let Some(settings) = read::<OutlierSettings>(text) {
        check(settings.builder(3).build().map(drop));
    }
    if let Some(settings) = read::<FleetSettings>(text) {
        check(Fleet::with(MemoryVotes::new()).settings(&settings).build().map(drop));
    }
}

fn read<S: DeserializeOwned + Serialize>(text: &str) -> Option<S> {
    let settings: S = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&settings).expect("it was read");
    serde_json::from_str::<S>(&written).expect(&written);
    Some(settings)
}

fn check(built: Result<(), BuildError>) {
    let Err(error) = built else { return };
    assert!(!error.faults().is_empty());
    for fault in error.faults() {
        assert!(!fault.reason().is_empty(), "{fault:?}");
    }
}
