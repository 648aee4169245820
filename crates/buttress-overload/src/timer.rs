use std::future::{Pending, pending};
use std::time::Duration;

use buttress_core::clock::Timer;

/// In the place of a timer, where nobody waits: its sleeps never end.
///
/// ```
/// use buttress_overload::bulkhead::{Bulkhead, BulkheadBuilder};
/// use buttress_overload::NoTimer;
///
/// // Nobody waits for a permit until there is a queue, and a queue brings its timer.
/// let bulkhead: Bulkhead<NoTimer> = Bulkhead::of(64).build()?;
/// assert_eq!(bulkhead.limit(), 64);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct NoTimer;

impl Timer for NoTimer {
    type Sleep = Pending<()>;

    fn sleep(&self, _: Duration) -> Self::Sleep {
        pending()
    }
}
