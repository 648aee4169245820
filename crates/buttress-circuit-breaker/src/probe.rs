use std::time::Duration;

use buttress_core::{Health, HealthStatus, Probe, ProbeFuture};

use crate::machine::Snapshot;
use crate::{Breaker, State};

/// How the dependency is, as far as the calls tell: open is degraded or down, [as
/// chosen](crate::CircuitBreakerBuilder::health). One that is due is not down any more: a service without calls,
/// because it is said to be down, would never try again.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreaker, Force, Trip};
/// use buttress_core::{HealthStatus, Probe};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let breaker = CircuitBreaker::after(5).named("payments").build()?.breaker().clone();
/// assert_eq!((breaker.name(), breaker.critical()), ("payments", false));
/// assert_eq!(breaker.check().await.status(), HealthStatus::Up);
///
/// breaker.trip(Trip::switch());
/// let health = breaker.check().await;
/// assert_eq!((health.status(), health.message()), (HealthStatus::Degraded, Some("open")));
/// assert!(health.details().any(|detail| detail == ("reason", "switch")));
/// # Ok(())
/// # }
/// ```
impl Probe for Breaker {
    fn name(&self) -> &str {
        Self::name(self)
    }

    /// If it is [down](HealthStatus::Down) while it is open.
    fn critical(&self) -> bool {
        self.inner().hot.lock().health == HealthStatus::Down
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(std::future::ready(self.health()))
    }
}

impl Breaker {
    /// What [`check`](Probe::check) says, at once.
    pub fn health(&self) -> Health {
        let open = self.inner().hot.lock().health;
        let snapshot = self.snapshot();
        detailed(health(open, &snapshot), &snapshot)
    }
}

/// `open` is what an open one is.
fn health(open: HealthStatus, snapshot: &Snapshot) -> Health {
    let state = snapshot.state();
    match state {
        State::Closed => Health::up(),
        // It does what it is told to, which somebody should see all the same.
        State::ForcedClosed | State::Disabled | State::MetricsOnly => {
            Health::up().with_detail("state", state.as_str())
        }
        State::HalfOpen | State::RampingUp => Health::degraded(words(state)),
        State::Open | State::ForcedOpen => match open {
            HealthStatus::Up => Health::up().with_detail("state", state.as_str()),
            _ if snapshot.remaining() == Some(Duration::ZERO) => Health::degraded("due"),
            HealthStatus::Down => Health::down(words(state)),
            _ => Health::degraded(words(state)),
        },
    }
}

const fn words(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::HalfOpen => "trying again",
        State::RampingUp => "ramping up",
        State::ForcedOpen => "held open",
        _ => state.as_str(),
    }
}

fn detailed(health: Health, snapshot: &Snapshot) -> Health {
    let mut health = health;
    if let Some(reason) = snapshot.reason() {
        health = health.with_detail("reason", reason.as_str());
    }
    if let Some(remaining) = snapshot.remaining() {
        let seconds = remaining.as_millis().div_ceil(1_000);
        health = health.with_detail("seconds_left", seconds.to_string());
    }
    match snapshot.refused() {
        0 => health,
        refused => health.with_detail("refused", refused.to_string()),
    }
}
