use std::future::Pending;
use std::time::Duration;

use buttress_core::clock::Timer;

/// In the place of a [`Timer`], where nobody looks after calls that hang: see
/// [`CircuitBreakerBuilder::count_hanging`](crate::CircuitBreakerBuilder::count_hanging). It never wakes anybody.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoTimer;

impl Timer for NoTimer {
    type Sleep = Pending<()>;

    #[inline]
    fn sleep(&self, _: Duration) -> Pending<()> {
        std::future::pending()
    }
}
