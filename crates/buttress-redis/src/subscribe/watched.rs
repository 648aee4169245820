use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, TokioClock};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::Subscription;
use crate::backoff::{Backoff, share};
use crate::link::pause;
use crate::{Redis, RedisError};

/// State that is asked for whenever somebody tells that it changed, and now and then in any case. Made by
/// [`Redis::watch`].
///
/// ```
/// use buttress_redis::{Redis, RedisError, Script};
/// use std::time::Duration;
/// use tokio::sync::watch;
///
/// static PRICE: Script = Script::new("price", 1, "return redis.call('GET', KEYS[1])");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = buttress_testkit::redis::Server::start().await;
/// # server.command(["SET", "buttress:price:v1:{lamp}", "7"]).await;
/// # let url = server.url();
/// let redis = Redis::builder(url).build()?;
/// let (price, mut prices) = watch::channel(Vec::new());
/// let asking = redis.clone();
/// let watched = redis.watch(["prices"], Duration::from_secs(10), move || {
///     let (redis, price) = (asking.clone(), price.clone());
///     async move {
///         let reply = redis.run(&PRICE, "lamp").send().await?;
///         price.send_replace(reply.bytes()?.to_vec());
///         Ok::<_, RedisError>(())
///     }
/// })?;
///
/// prices.changed().await?;
/// assert_eq!(*prices.borrow(), b"7");
/// drop(watched);
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// The question is asked at the start, after each [gap](crate::Event::Gap) and each message, and at the latest when
/// the time is over: so a change is noticed at once as a rule, and within that time if no message comes through at
/// all. It is asked by one at a time; what is told meanwhile makes it be asked once more, however much it was, and
/// a hundredth of a second later at the earliest.
///
/// To change the state, write first, then [publish](Redis::publish).
///
/// A question that fails, panics, or takes as long as the time between two is asked again, after the pauses that
/// connections are made with.
///
/// Dropping it ends the questions and the subscription.
#[must_use = "dropping it ends the questions"]
pub struct Watched {
    age: Arc<Age>,
    task: AbortHandle,
}

impl Watched {
    /// How long ago the last answer was asked for that came; nothing if there was none yet. What is known is not
    /// older than this.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age.of_the_last()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Redis {
    /// Asks by `question` for state that must not be missed: whenever something is told on one of these channels, and
    /// at least once in `every`, of which up to a quarter is taken off at random, so that a fleet does not ask as one.
    ///
    /// # Errors
    ///
    /// Fails if there is no channel, or no tokio runtime.
    pub fn watch<C, Q, F, E>(
        &self,
        channels: impl IntoIterator<Item = C>,
        every: Duration,
        question: Q,
    ) -> Result<Watched, RedisError>
    where
        C: AsRef<str>,
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + 'static,
    {
        let subscription = self.subscribe(channels)?;
        let age = Arc::new(Age { clock: TokioClock::new(), asked: AtomicU64::new(0) });
        let asker = Asker { subscription, every: every.max(REST), question, age: age.clone() };
        Ok(Watched { age, task: tokio::spawn(asker.ask()).abort_handle() })
    }
}

/// However much is told, this long is rested between two questions.
const REST: Duration = Duration::from_millis(10);

struct Asker<Q> {
    subscription: Subscription,
    every: Duration,
    question: Q,
    age: Arc<Age>,
}

impl<Q, F, E> Asker<Q>
where
    Q: FnMut() -> F,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: fmt::Display + 'static,
{
    async fn ask(mut self) {
        let (mut backoff, mut told, jitter) = (Backoff::default(), false, RandomState::new());
        for turn in 0_u64.. {
            // What was told so far is answered by the question that begins now.
            self.subscription.skip();
            let random = jitter.hash_one(turn);
            match self.once().await {
                Ok(()) => {
                    (backoff, told) = (Backoff::default(), false);
                    pause(REST).await;
                    let _ = timeout(jittered(self.every, random), self.subscription.next()).await;
                }
                Err(reason) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(target: "buttress", reason, "state of the fleet is not known");
                    }
                    pause(backoff.pause(random).min(self.every)).await;
                }
            }
        }
    }

    /// On a task of its own, whose panic is its own too.
    async fn once(&mut self) -> Result<(), String> {
        let began = self.age.clock.now();
        let question = catch_unwind(AssertUnwindSafe(&mut self.question));
        let question = question.map_err(|_| "it panicked")?;
        let mut asking = JoinSet::new();
        asking.spawn(async move { question.await.map_err(|error| error.to_string()) });
        match timeout(self.every, asking.join_next()).await {
            Ok(Some(Ok(answer))) => answer?,
            Ok(_) => return Err("it panicked".to_owned()),
            Err(_) => {
                // The next begins when this one is gone indeed.
                asking.shutdown().await;
                return Err(format!("no answer within {:?}", self.every));
            }
        }
        self.age.answered(began);
        Ok(())
    }
}

/// From three quarters to the whole.
fn jittered(every: Duration, random: u64) -> Duration {
    every.mul_f64(1.0 - share(random) / 4.0)
}

/// When the last answer was asked for that came.
struct Age {
    clock: TokioClock,
    asked: AtomicU64,
}

impl Age {
    fn answered(&self, asked: Moment) {
        // The first moment is a moment too.
        self.asked.store(asked.as_nanos().max(1), Release);
    }

    fn of_the_last(&self) -> Option<Duration> {
        let asked = self.asked.load(Acquire);
        (asked > 0).then(|| self.clock.now() - Moment::from_nanos(asked))
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("age", &self.age()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_never_later_than_was_said(millis in 1_u64..1_000_000, random: u64) {
            let every = Duration::from_millis(millis);
            let pause = jittered(every, random);
            prop_assert!(pause <= every && pause >= every.mul_f64(0.7499));
        }
    }
}
