use tokio::task::yield_now;

/// Lets everybody else have a turn: the runtime goes on here when it has nothing else to do, and has asked the system
/// for news.
///
/// By a task that does, as a runtime of several threads knows nothing of who is in `block_on`, as `main` is: there
/// `yield_now` returns at once.
pub(super) async fn others_first() {
    // Nothing ends it before its time but the runtime itself.
    let _ = tokio::spawn(yield_now()).await;
}
