use buttress_core::Context;
use buttress_core::stage::Then;

/// All stages of a wall, in their order.
pub(super) type Stages<T> = Then<Then<Context, Probes>, T>;

/// What answers probes. Without its feature there is none.
#[cfg(feature = "health")]
pub(super) type Probes = Option<buttress_health::HealthStage>;
#[cfg(not(feature = "health"))]
pub(super) type Probes = Option<()>;
