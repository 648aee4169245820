use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, TokioClock};
use buttress_core::metrics::{Counter, Description, Gauge, Metric, Metrics};

use super::condition::Condition;
use super::{Answered, Asking, Degrade, Question, Step};
use crate::{Call, ErrorKind, Redis, RedisError, Reply};

const DEGRADED: Metric<Counter, 2> = Metric::counter(
    "buttress_degraded_answers_total",
    "Answers that were given without Redis, as it could not be asked",
)
.labels(&["store", "as"]);

/// What every store over Redis counts, beside the metrics of [the handle](crate::CATALOGUE).
pub const CATALOGUE: &[Description] = &[*DEGRADED.description()];

/// Redis, and what a store does while it cannot be asked. Clones are the same.
///
/// - Each answer says whether [the store gave it](Answered).
/// - The metric `buttress_degraded_answers_total` counts those that it did not give.
/// - The log has one line when that begins, and one when it is over: the first answer of the store after a second
///   without a failure.
/// - A [gauge](Self::gauge) of the store is 1 meanwhile.
/// - As a [`Probe`](buttress_core::Probe) it is degraded meanwhile, and down if it denies.
///
/// Every request asks again, so nothing has to be switched back. While [the handle](Redis) knows that its server
/// is gone, that costs no time.
///
/// ```
/// use buttress_redis::Redis;
/// use buttress_redis::engine::{Answered, Degrade, Fallback, Step};
/// use buttress_redis::store::{CounterStore, MemoryCounters, RedisCounters, Window};
/// use std::time::Duration;
/// # use buttress_core::Key;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// # let key = Key::from_bytes([7; 16]);
/// // Nobody listens there.
/// let redis = Redis::builder("redis://127.0.0.1:1").build()?;
/// let fallback = Fallback::new(redis, "counters", Degrade::Local).within(Duration::from_millis(50));
/// let counters = RedisCounters::new(fallback, MemoryCounters::with_capacity(1_000));
///
/// let minute = Window::new(Duration::from_secs(60)).unwrap();
/// let Step::Now(Answered::Local(counted)) = counters.count(key, 1, minute) else { unreachable!() };
/// assert_eq!(counted.total(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fallback {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) redis: Redis,
    pub(super) store: &'static str,
    pub(super) degrade: Degrade,
    within: Duration,
    pub(super) needs_seed: bool,
    pub(super) clock: TokioClock,
    pub(super) condition: Condition,
    degraded: Counter,
    in_force: Gauge,
}

impl Fallback {
    /// For the store of this name, which stands in its metric, its log lines and its health.
    #[must_use]
    pub fn new(redis: Redis, store: &'static str, degrade: Degrade) -> Self {
        let shared = Shared {
            redis,
            store,
            degrade,
            within: Duration::MAX,
            needs_seed: false,
            clock: TokioClock::new(),
            condition: Condition::default(),
            degraded: Counter::none(),
            in_force: Gauge::none(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Gives each request no more time than this; the default is what [the handle](Redis) has. Then it degrades.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        self.changed(|shared| shared.within = time)
    }

    /// Counts there. The default is nowhere.
    #[must_use]
    pub fn metrics(self, metrics: &Metrics) -> Self {
        let labels = [self.shared.store, self.shared.degrade.as_str()];
        self.changed(|shared| shared.degraded = metrics.bind(&DEGRADED, labels))
    }

    /// Sets this to 1 while it answers without Redis, and to 0 before and after: whenever the log says so. The default
    /// is nowhere. It is for a store that has such a metric of its own.
    #[must_use]
    pub fn gauge(self, gauge: Gauge) -> Self {
        gauge.set(0.0);
        self.changed(|shared| shared.in_force = gauge)
    }

    /// Is well only once the handle [knows the seed](Redis::known_seed) that keys are made with: for a store that
    /// answers [without Redis](Self::before_seed) until then.
    #[must_use]
    pub fn needs_seed(self) -> Self {
        self.changed(|shared| shared.needs_seed = true)
    }

    fn changed(self, change: impl FnOnce(&mut Shared)) -> Self {
        let Shared { redis, store, degrade, within, needs_seed, clock, degraded, in_force, .. } =
            &*self.shared;
        let mut shared = Shared {
            redis: redis.clone(),
            store,
            degrade: *degrade,
            within: *within,
            needs_seed: *needs_seed,
            clock: *clock,
            condition: Condition::default(),
            degraded: degraded.clone(),
            in_force: in_force.clone(),
        };
        change(&mut shared);
        Self { shared: Arc::new(shared) }
    }

    /// Asks Redis: `call` says what, `read` what the reply means, and `local` what the memory of this process says
    /// if it comes to that.
    ///
    /// Any error degrades, also an [ambiguous](ErrorKind::Ambiguous) one: so for [`Degrade::Local`] the
    /// operation must be one that may have happened in both places. A store for which that is not so deals with
    /// the error in `read`, or does not offer `Local`.
    ///
    /// # Cost
    ///
    /// One allocation and what the call costs. While there is no connection, none: the answer is there at once.
    pub fn ask<T, C, R, L>(&self, call: C, read: R, local: L) -> Step<Answered<T>, Asking<T>>
    where
        C: for<'a> FnOnce(&'a Redis) -> Call<'a> + Send + 'static,
        R: FnOnce(Reply) -> Result<T, RedisError> + Send + 'static,
        L: FnOnce() -> T + Send + 'static,
    {
        let degrade = self.shared.degrade;
        let instead = move |_: &RedisError| match degrade {
            Degrade::Allow => Answered::Allow,
            Degrade::Deny => Answered::Deny,
            Degrade::Local => Answered::Local(local()),
        };
        if !self.shared.redis.is_connected() {
            return Step::Now(self.without(&unreachable(), instead));
        }
        let this = self.clone();
        Step::Later(Asking::new(async move {
            let Shared { redis, within, .. } = &*this.shared;
            match call(redis).within(*within).send().await.and_then(read) {
                Ok(answer) => this.with(answer),
                Err(error) => this.without(&error, instead),
            }
        }))
    }

    /// The same for a store that knows better what to do meanwhile, as it depends on what is asked. The [`Degrade`] of
    /// this value still says how grave that is: it stands in the metric, the log and the health.
    ///
    /// # Cost
    ///
    /// As that of [`ask`](Self::ask).
    pub fn put<Q: Question>(&self, question: Q) -> Step<Answered<Q::Answer>, Asking<Q::Answer>> {
        if !self.shared.redis.is_connected() {
            return Step::Now(self.without(&unreachable(), |error| question.instead(error)));
        }
        let this = self.clone();
        Step::Later(Asking::new(async move {
            let Shared { redis, within, .. } = &*this.shared;
            let asked = question.call(redis).within(*within).send().await;
            match asked.and_then(|reply| question.read(&reply)) {
                Ok(answer) => this.with(answer),
                Err(error) => this.without(&error, |error| question.instead(error)),
            }
        }))
    }

    /// Answers without Redis, whether or not there is a connection, as the store has no [seed](Self::needs_seed) yet.
    /// It counts like any other answer that was given so.
    pub fn before_seed<T>(&self, instead: impl FnOnce() -> Answered<T>) -> Answered<T> {
        let unknown = "what the fleet makes its keys with is not known yet";
        self.without(&RedisError::new(ErrorKind::Unreachable, unknown), |_| instead())
    }

    fn with<T>(&self, answer: T) -> Answered<T> {
        let Shared { clock, condition, store, in_force, .. } = &*self.shared;
        if condition.succeeded(|| clock.now()) {
            in_force.set(0.0);
            tracing::info!(target: "buttress", store, "Redis answers again");
        }
        Answered::Store(answer)
    }

    fn without<T>(
        &self,
        error: &RedisError,
        instead: impl FnOnce(&RedisError) -> Answered<T>,
    ) -> Answered<T> {
        let Shared { clock, condition, store, degrade, degraded, in_force, .. } = &*self.shared;
        degraded.increment(1);
        if condition.failed(clock.now()) {
            in_force.set(1.0);
            tracing::warn!(target: "buttress", store, %degrade, %error, "answers without Redis");
        }
        instead(error)
    }
}

fn unreachable() -> RedisError {
    RedisError::new(ErrorKind::Unreachable, "")
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { redis, store, degrade, within, .. } = &*self.shared;
        f.debug_struct("Fallback")
            .field("store", store)
            .field("degrade", degrade)
            .field("within", within)
            .field("redis", redis)
            .finish_non_exhaustive()
    }
}
