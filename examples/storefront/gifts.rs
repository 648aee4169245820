//! Where gifts are wrapped, which takes its time.

use axum::Router;
use axum::routing::get;
use buttress::clock::{Timer, TokioTimer, ms};
use tokio::sync::Notify;

static BEGUN: Notify = Notify::const_new();

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/gift", get(wrap))
}

async fn wrap() -> &'static str {
    BEGUN.notify_one();
    TokioTimer.sleep(ms(1_500)).await;
    "wrapped"
}

/// Waits until somebody has begun to wrap one.
pub(crate) async fn begun() {
    BEGUN.notified().await;
}
