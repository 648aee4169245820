use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use tokio::task::yield_now;

/// A worker that has begun such a turn and then holds its thread for so long is not waited for.
const HELD: Duration = Duration::from_millis(100);

/// Lets everybody else have a turn: the runtime goes on here when it has nothing else to do, and has asked the system
/// for news.
///
/// By a task that does, as a runtime of several threads knows nothing of what is in `block_on`, as `main` is: there
/// `yield_now` returns at once.
pub(super) async fn others_first() {
    let turn = tokio::spawn(yield_now());
    tokio::select! {
        _ = turn => {}
        () = TokioTimer.sleep(HELD) => {}
    }
}

/// Wakes a worker, so that one asks the system for news and the time. If one that had done so holds its thread since,
/// the others sleep, and time stands still for what is in `block_on`.
pub(super) fn rouse() {
    drop(tokio::spawn(async {}));
}
