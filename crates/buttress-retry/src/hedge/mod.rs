//! A second attempt beside the first.

mod hedging;
mod latency;
mod meters;
mod race;
mod requests;
mod runs;
mod settings;

use std::time::Duration;

use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Faults};

pub(crate) use self::hedging::{Fare, Hedging};
use self::latency::Latency;
pub(crate) use self::meters::HEDGES;
use self::meters::Meters;
pub(crate) use self::race::{Racing, poll_both};
pub(crate) use self::requests::{RequestRace, Requests};
pub(crate) use self::runs::{Call, RunRace, Runs};
pub use self::settings::HedgeSettings;
use crate::budget::Budget;

/// When a second attempt is made beside a first one that has not answered yet; the first good answer wins.
///
/// It is for the slow tail: where one call in twenty takes ten times as long as the others, another attempt is the
/// faster way to an answer, and costs a twentieth more. It comes once in a call, and only where the request may be
/// repeated and its body was sent, or is none.
///
/// ```
/// use buttress_core::clock::{TokioTimer, ms};
/// use buttress_retry::{Attempt, Hedge, ReplayBody, Retry};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The first attempt hangs, the second does not.
/// let client = service_fn(|request: Request<ReplayBody<Full<Bytes>>>| async move {
///     let attempt = Attempt::of(&request);
///     if attempt.is_first() {
///         std::future::pending::<()>().await;
///     }
///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("attempt {attempt}"))))
/// });
/// let hedge = Hedge::after(ms(50)).at_most_percent(100);
/// let client = Retry::up_to(1).hedge(hedge).timer(TokioTimer).build()?.layer(client);
///
/// let request = Request::get("http://stock.internal/lamps").body(Full::default())?;
/// let answer = client.oneshot(request).await?;
/// assert_eq!(answer.into_body().collect().await?.to_bytes(), "attempt 2");
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// - The first *good* answer wins: a fast 503 does not, from whichever attempt. Where both are bad, the first attempt's
///   is what came back, and is repeated or not as if there had been no hedge.
/// - The loser is dropped in the same poll that gives the answer.
/// - There is one for a call, and it comes on top of the tries: with [`up_to(2)`](crate::Retry::up_to) a call is sent
///   three times at most.
/// - A hedge never delays the first: it waits for readiness beside it, with a clone of the instance.
/// - It is paid for twice: from its own [cap](Self::at_most_percent), and from the budget of the retries. Which of the
///   two said no is counted, as `capped` and `no_budget`. What is not sent after all is given back.
/// - A call that is itself the repeat of an outer one is not hedged.
///
/// # Cost
///
/// A call that is ready at once pays a branch. One that has to be waited for takes one allocation, a timer and a look
/// at the clock.
#[derive(Clone, Debug)]
#[must_use = "it hedges nothing until it is given to a builder"]
pub struct Hedge {
    delay: Delay,
    cap: u32,
}

#[derive(Clone, Copy, Debug)]
enum Delay {
    Fixed {
        time: Duration,
        /// It was said of it what to wait until a percentile is known.
        misplaced: bool,
    },
    Percentile {
        percent: u32,
        until_known: Duration,
    },
}

/// Until enough is known, where nobody says otherwise.
const UNTIL_KNOWN: Duration = Duration::from_millis(100);
/// So much more load at most, where nobody says otherwise.
const CAP: u32 = 10;

impl Hedge {
    /// When the first has not answered after this time; for no more than [so many](Self::at_most_percent) of the calls.
    pub const fn after(time: Duration) -> Self {
        Self { delay: Delay::Fixed { time, misplaced: false }, cap: CAP }
    }

    /// When the first has not answered after the time in which so many percent of the calls do, of those of the last
    /// minute that had to be waited for.
    ///
    /// It is known to within a sixteenth, once there were a hundred of them; until then it is 100 ms, or
    /// [what you say](Self::until_known).
    pub const fn at_percentile(percent: u32) -> Self {
        Self { delay: Delay::Percentile { percent, until_known: UNTIL_KNOWN }, cap: CAP }
    }

    /// Sets what to wait until the percentile is known. Said of a fixed time it is an error of the settings.
    pub const fn until_known(mut self, time: Duration) -> Self {
        match &mut self.delay {
            Delay::Percentile { until_known, .. } => *until_known = time,
            Delay::Fixed { misplaced, .. } => *misplaced = true,
        }
        self
    }

    /// Sets how many hedges there may be for a hundred calls, whatever the budget would allow. The default is 10.
    ///
    /// It counts the calls of the last ten seconds. A client with few calls would never have a tenth of ten of them; so
    /// where there was no hedge in that time there may be one, if all calls so far have earned those before it. The
    /// first slow call may thus be hedged at once; over all calls it is never more than this share and one.
    pub const fn at_most_percent(mut self, percent: u32) -> Self {
        self.cap = percent;
        self
    }

    /// The longest time that is waited before anything is known.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        match self.delay {
            Delay::Fixed { time, .. } | Delay::Percentile { until_known: time, .. } => time,
        }
    }

    /// Checks that it makes sense.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        match self.delay {
            Delay::Fixed { time, misplaced } => {
                if time.is_zero() {
                    faults.add("after", "must be greater than zero: that would double each call");
                }
                if misplaced {
                    faults.add("until_known", "is of a percentile alone");
                }
            }
            Delay::Percentile { percent, until_known } => {
                if !(50..=99).contains(&percent) {
                    faults.add("percentile", format!("must be from 50 to 99, not {percent}"));
                }
                if until_known.is_zero() {
                    faults.add("until_known", "must be greater than zero");
                }
            }
        }
        if !(1..=100).contains(&self.cap) {
            faults.add("at_most_percent", format!("must be from 1 to 100, not {}", self.cap));
        }
        faults.finish(())
    }

    pub(crate) fn build(&self, metrics: &Metrics, name: &str) -> Hedging {
        let latency = match self.delay {
            Delay::Fixed { .. } => None,
            Delay::Percentile { percent, .. } => Some(Latency::new(percent)),
        };
        Hedging {
            delay: self.delay(),
            latency,
            cap: Budget::percent(self.cap).floor(0).one_ahead(),
            meters: Meters::new(metrics, name),
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_at_once() {
        let paths = |hedge: Hedge| {
            let error = hedge.check().unwrap_err();
            error.faults().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
        };
        let none = Duration::ZERO;
        assert_eq!(paths(Hedge::after(none).at_most_percent(0)), ["after", "at_most_percent"]);
        let percentile = Hedge::at_percentile(100).until_known(none).at_most_percent(101);
        assert_eq!(paths(percentile), ["percentile", "until_known", "at_most_percent"]);
        assert!(Hedge::at_percentile(95).check().is_ok());
        let known = Duration::from_millis(1);
        assert_eq!(paths(Hedge::after(known).until_known(known)), ["until_known"]);
        assert_eq!(paths(Hedge::after(none).until_known(known)), ["after", "until_known"]);
    }
}
