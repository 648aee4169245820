mod build;
mod place;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, SystemClock, ms};
use buttress_core::deadline::Wire;
use buttress_core::metrics::Metrics;
use buttress_core::outcome::HttpClassify;
use buttress_core::{Dice, GrpcCode, Repeats};
use http::StatusCode;

use crate::decide::Rules;
use crate::sent::{Seen, Sent};
use crate::when::When;
use crate::{Attempt, Backoff, Budget, Follow, Hedge, Jitter, Retry};

/// In the place of a [`Timer`](buttress_core::clock::Timer), until there is one: without it nobody can wait, and
/// nothing can be built. It is no timer itself, unlike [`NoTimer`](buttress_core::clock::NoTimer), which is for those
/// who never wait.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TimerMissing;

impl Retry<(), HttpClassify, TimerMissing> {
    /// So many attempts, the first among them: `up_to(3)` is two repeats at most. A [hedge](RetryBuilder::hedge) is one
    /// more.
    ///
    /// By default, pauses double from 100 milliseconds to 2 seconds, with [full jitter](Jitter::Full), and the
    /// [budget](Budget) is a fifth of the calls.
    pub fn up_to(tries: u32) -> RetryBuilder {
        RetryBuilder::new(tries)
    }
}

/// Collects the settings of a [`RetryLayer`](crate::RetryLayer), or of a [`RetryPolicy`](crate::RetryPolicy) where
/// there is no tower.
///
/// ```
/// use buttress_core::clock::{TokioTimer, ms};
/// use buttress_retry::{Backoff, Budget, Retry};
///
/// let builder = Retry::up_to(0)
///     .backoff(Backoff::exponential(ms(100)).max(ms(10)))
///     .budget(Budget::ratio(-0.2))
///     .timer(TokioTimer);
/// let error = builder.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["tries", "backoff.max", "budget.ratio"]);
/// ```
#[derive(Clone)]
#[must_use = "nothing happens until `build` is called"]
pub struct RetryBuilder<C = HttpClassify, T = TimerMissing> {
    name: Cow<'static, str>,
    rules: Rules,
    when: When,
    budget: Budget,
    hedge: Option<Hedge>,
    keep: Keep,
    dice: Dice,
    clock: Arc<dyn Clock>,
    repeats: Option<Repeats>,
    wire: Wire,
    metrics: Option<Metrics>,
    has_spans: bool,
    classify: C,
    timer: T,
}

/// How many bytes of bodies are kept.
#[derive(Clone, Copy, Debug)]
struct Keep {
    per_call: usize,
    overall: usize,
}

pub(crate) const PER_CALL: usize = 64 * 1_024;
pub(crate) const OVERALL: usize = 16 * 1_024 * 1_024;

impl RetryBuilder {
    fn new(tries: u32) -> Self {
        Self {
            name: Cow::Borrowed("retry"),
            rules: Rules {
                tries,
                backoff: Backoff::exponential(ms(100)).max(ms(2_000)).jitter(Jitter::Full),
                follow: Follow::default(),
                wait_for_refusals: true,
                least_attempt: ms(1),
            },
            when: When::default(),
            budget: Budget::default(),
            hedge: None,
            keep: Keep { per_call: PER_CALL, overall: OVERALL },
            dice: Dice::new(),
            clock: Arc::new(SystemClock),
            repeats: Some(Repeats::default()),
            wire: Wire::default(),
            metrics: None,
            has_spans: false,
            classify: HttpClassify::new(),
            timer: TimerMissing,
        }
    }
}

/// When.
impl<C, T> RetryBuilder<C, T> {
    /// Repeats `PUT` and `DELETE`, too. The default is not to: not every service keeps what HTTP says of them.
    pub fn idempotent_methods(mut self, repeat: bool) -> Self {
        self.when.idempotent_methods = repeat;
        self
    }

    /// Repeats calls of gRPC, whichever method. The default is those alone that are marked as
    /// [`Repeatable`](crate::Repeatable).
    pub fn grpc_all(mut self, repeat: bool) -> Self {
        self.when.grpc_all = repeat;
        self
    }

    /// Repeats after these statuses, and no others. The default is 408, 425, 429, 502, 503 and 504.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.when.statuses = statuses.into_iter().collect();
        self
    }

    /// Repeats after these codes of gRPC, and no others. The default is `UNAVAILABLE`.
    pub fn grpc_codes(mut self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        self.when.set_codes(codes);
        self
    }

    /// Repeats after whatever the closure says, and nothing else: in the place of statuses and codes. What may not be
    /// sent twice is not, whatever it says.
    pub fn retry_if(
        mut self,
        wanted: impl Fn(Sent<'_>, &Seen, Attempt) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.when.only = Some(Arc::new(wanted));
        self
    }

    /// Does not repeat what the closure says, whatever else is said.
    pub fn never_if(
        mut self,
        unwanted: impl Fn(Sent<'_>, &Seen, Attempt) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.when.never = Some(Arc::new(unwanted));
        self
    }

    /// Whether to wait for a breaker, or another part of our own wall, that refuses and says for how long, if there is
    /// a deadline and that fits. The default is to. If not, its refusal is final.
    pub fn wait_for_refusals(mut self, wait: bool) -> Self {
        self.rules.wait_for_refusals = wait;
        self
    }

    /// Judges calls with this. The default is [`HttpClassify`].
    pub fn classify<D>(self, classify: D) -> RetryBuilder<D, T> {
        self.map(|_| classify, |timer| timer)
    }
}

/// How long, and how often.
impl<C, T> RetryBuilder<C, T> {
    /// Sets the pauses. The default is from 100 milliseconds to 2 seconds, doubling, with full jitter.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.rules.backoff = backoff;
        self
    }

    /// Sets how far to follow what the other side says of coming back. The default is up to thirty seconds. A refusal
    /// of our own wall is [waited for](Self::wait_for_refusals) as long as it says, unless that is more than
    /// [`Follow::UpTo`] allows.
    pub fn follow(mut self, follow: Follow) -> Self {
        self.rules.follow = follow;
        self
    }

    /// Sets what an attempt takes at least: where less is left of the deadline, none is begun. The default is a
    /// millisecond.
    pub fn least_attempt(mut self, time: Duration) -> Self {
        self.rules.least_attempt = time;
        self
    }

    /// Sets what repeats are paid from. The default is a fifth of the calls, and three a second. What is built of
    /// clones of a builder has one budget: give each dependency its own.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Makes a second attempt beside one that is slow. The default is not to.
    pub fn hedge(mut self, hedge: Hedge) -> Self {
        self.hedge = Some(hedge);
        self
    }

    /// Sets how many bytes of bodies are kept: of a call, and of all together. The default is 64 KiB and 16 MiB. What
    /// is larger is sent, and not repeated; with 0 a call, so is whatever has a body.
    ///
    /// A frame counts as 128 bytes at least, and a trailer as so many beside its text, as that is what it takes to keep
    /// it. (One that is a piece of a large buffer keeps the buffer, how large that is, nobody can know; but those below
    /// 1 KiB are copied, except the first.)
    pub fn keep_bodies(mut self, per_call: usize, overall: usize) -> Self {
        self.keep = Keep { per_call, overall };
        self
    }

    /// Takes chance from here, as from a seed. The default is the thread's own.
    pub fn dice(mut self, dice: Dice) -> Self {
        self.dice = dice;
        self
    }
}

impl<C, T> fmt::Debug for RetryBuilder<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBuilder")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .field("when", &self.when)
            .field("budget", &self.budget)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}
