//! Waiting for what can only be asked for.
//!
//! A server in another process tells nobody that it is ready: it has to be asked, again and again. That is no
//! sleep for luck: it ends as soon as the answer is there, and says what was missing if it never comes.

use std::fmt;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, Timer, TokioClock, TokioTimer};
use tokio::time::timeout;

/// How long anything here waits, of real time.
pub const DEADLINE: Duration = Duration::from_secs(20);

const BETWEEN: Duration = Duration::from_millis(5);

/// Asks until the answer is there.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use buttress_testkit::until::until;
///
/// let mut asked = 0;
/// let third = until("the third question", async || {
///     asked += 1;
///     (asked == 3).then_some("yes")
/// });
/// assert_eq!(third.await, "yes");
/// # }
/// ```
///
/// # Panics
///
/// If it is not there within [`DEADLINE`]; the message names `what`.
pub async fn until<T>(what: impl fmt::Display, ask: impl AsyncFnMut() -> Option<T>) -> T {
    match within(DEADLINE, ask).await {
        Some(answer) => answer,
        None => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// Asks until the answer is there, or nothing if it is not there within `deadline`.
pub async fn within<T>(deadline: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            TokioTimer.sleep(BETWEEN).await;
        }
    };
    timeout(deadline, asking).await.ok()
}

/// The same as a loop of one's own, for futures that move between threads, which those of async closures cannot.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use buttress_testkit::until::Patience;
///
/// let (mut asked, patience) = (0, Patience::new());
/// while asked < 3 {
///     asked += 1;
///     assert!(patience.again().await, "it never came to three");
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Patience {
    clock: TokioClock,
    ends: Moment,
}

impl Patience {
    /// As much as [`DEADLINE`], from now on.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it begins when it is made")]
    pub fn new() -> Self {
        let clock = TokioClock::new();
        Self { clock, ends: clock.now() + DEADLINE }
    }

    /// Lets a little time pass before the next question. Whether there may be one.
    #[must_use = "without looking, a loop would have no end"]
    pub async fn again(&self) -> bool {
        TokioTimer.sleep(BETWEEN).await;
        self.clock.now() < self.ends
    }
}
