//! Settings for what is called most.

use buttress_core::clock::ms;
use buttress_core::outcome::HttpClassify;

use crate::builder::TimerMissing;
use crate::{Backoff, Budget, Jitter, Retry, RetryBuilder};

impl Retry<(), HttpClassify, TimerMissing> {
    /// For the API of another service: three attempts, pauses from 100 milliseconds to 2 seconds with full jitter, and
    /// a fifth of the calls.
    ///
    /// ```
    /// use buttress_core::clock::ms;
    /// use buttress_retry::Retry;
    ///
    /// assert_eq!(Retry::api().tries(), 3);
    /// assert_eq!(Retry::api().pauses().longest(), ms(2_000));
    /// assert_eq!(Retry::fast().tries(), 2);
    /// assert_eq!(Retry::fast().pauses().longest(), ms(0));
    /// assert_eq!(Retry::database().pauses().bare(1), ms(20));
    /// ```
    pub fn api() -> RetryBuilder {
        Retry::up_to(3)
            .backoff(Backoff::exponential(ms(100)).max(ms(2_000)).jitter(Jitter::Full))
            .budget(Budget::percent(20))
    }

    /// For calls that have no time: two attempts without a pause, and a tenth of the calls. It suits a dependency with
    /// many instances, of which the next one may do better.
    pub fn fast() -> RetryBuilder {
        Retry::up_to(2).backoff(Backoff::none()).budget(Budget::percent(10))
    }

    /// For queries of a database: three attempts, pauses from 20 to 500 milliseconds of decorrelated jitter, which
    /// parts those that have met in a deadlock, and a tenth of the calls. For [`run_if`](crate::RetryPolicy::run_if),
    /// with what your driver says of serialization failures.
    pub fn database() -> RetryBuilder {
        Retry::up_to(3)
            .backoff(Backoff::exponential(ms(20)).max(ms(500)).jitter(Jitter::Decorrelated))
            .budget(Budget::percent(10))
    }
}
