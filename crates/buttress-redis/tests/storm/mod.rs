//! Random faults under load: what servers ran against what callers heard.
//!
//! Callers without end run a script that writes the number of the call to the log of the server that runs it. The log
//! is neither copied to replicas nor lost in a restart, so what is asserted is the same, and exact, for each topology,
//! also where a failover loses writes that were acknowledged:
//!
//! - A call that was answered ran once. One that failed and says that it did not run, did not. Every other ran once or
//!   not at all. So executions are at least successes, and at most successes and ambiguous ones together.
//! - A caller gets the answer to its own call, within its deadline and [`GRACE`].
//! - All keys are served again [`SOON`] after the servers can be reached: after the network or the server is mended; in
//!   a fleet, once its members agree on who serves what.
//! - A subscription hears again, too, and nothing twice; with one server, it hears all that was published, or of a gap.
//! - In the end nothing is in flight, and the last handle takes all its tasks and connections along.
//!
//! What a failover loses of the *data* is not looked at: that is the server's to say, and nobody's promise here.
//!
//! The faults and their order are the same for the same seed; what happens between them is not.

pub(crate) mod alone;
pub(crate) mod blow;
pub(crate) mod callers;
pub(crate) mod chance;
pub(crate) mod ledger;
pub(crate) mod leg;
mod news;

use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_redis::Script;

/// Writes, and then says so.
static RAN: Script = Script::new(
    "ran",
    1,
    "redis.call('INCR', KEYS[1])
     redis.log(redis.LOG_WARNING, 'ran ' .. ARGV[1] .. '.')
     return tonumber(ARGV[1])",
);

/// What a call is given.
const TIMEOUT: Duration = Duration::from_millis(300);
/// So much later it may end on a machine that is busy; and as much later as a clock beside the callers is late.
const GRACE: Duration = Duration::from_secs(1);
/// All keys are served again: two seconds are promised, and as much is for a machine that is busy.
const SOON: Duration = Duration::from_secs(4);

/// Lets time pass with a fault, or between two calls. Nothing is waited for with it.
pub(crate) async fn pause(duration: Duration) {
    TokioTimer.sleep(duration).await;
}
