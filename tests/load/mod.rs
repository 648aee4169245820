//! Load that is heavy enough to show what breaks: rolling restarts, crowds of hostile clients, keys without number.
//!
//! The ordinary tests run a little of it, `soak` all.

pub(crate) mod attackers;
mod clients;
pub(crate) mod keys;
pub(crate) mod restarts;
pub(crate) mod shop;

use std::time::Duration;

use buttress::clock::{Timer, TokioTimer};

/// A pause between two things a client does. Nothing is waited for with it.
pub(crate) async fn pause(duration: Duration) {
    TokioTimer.sleep(duration).await;
}
