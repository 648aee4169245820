use std::fmt;

use buttress_core::{Health, HealthStatus};

use crate::runner::caught;

/// Something inside the process that tells how it is without waiting: all that liveness may ask.
pub(crate) struct Vital {
    pub(crate) name: String,
    look: Box<dyn Fn() -> Health + Send + Sync>,
}

impl Vital {
    pub(crate) fn new(name: String, look: impl Fn() -> Health + Send + Sync + 'static) -> Self {
        Self { name, look: Box::new(look) }
    }

    /// A panic counts as down: what cannot even tell how it is, is not well.
    pub(crate) fn look(&self) -> Health {
        caught(|| (self.look)()).unwrap_or_else(|| Health::down("it panicked"))
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.look().status() != HealthStatus::Down
    }
}

impl fmt::Debug for Vital {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vital").field("name", &self.name).finish_non_exhaustive()
    }
}
