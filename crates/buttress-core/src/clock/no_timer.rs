use std::future::{Pending, pending};
use std::time::Duration;

use super::Timer;

/// In the place of a [`Timer`], where nobody waits: its sleeps never end.
///
/// ```
/// use std::pin::pin;
/// use std::task::{Context, Waker};
/// use std::time::Duration;
/// use buttress_core::clock::{NoTimer, Timer};
///
/// let sleep = pin!(NoTimer.sleep(Duration::ZERO));
/// assert!(sleep.poll(&mut Context::from_waker(Waker::noop())).is_pending());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct NoTimer;

impl Timer for NoTimer {
    type Sleep = Pending<()>;

    #[inline]
    fn sleep(&self, _: Duration) -> Self::Sleep {
        pending()
    }
}
