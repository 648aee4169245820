//! Tokio's time, paused.

use std::time::Duration;

use tokio::time;

/// Lets paused time pass, and what waits for it run, in its order.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use buttress_testkit::paused::pass;
/// use std::time::Duration;
///
/// let before = tokio::time::Instant::now();
/// pass(Duration::from_secs(3_600)).await;
/// assert!(before.elapsed() >= Duration::from_secs(3_600));
/// # }
/// ```
///
/// # Panics
///
/// If time is not paused: a test does not sleep.
#[expect(clippy::disallowed_methods, reason = "time is paused, or this panics")]
pub async fn pass(duration: Duration) {
    // By nothing: it only asks whether time stands still.
    time::advance(Duration::ZERO).await;
    time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "frozen")]
    async fn time_that_runs_is_not_waited_for() {
        pass(Duration::from_millis(1)).await;
    }
}
