use super::Answered;
use crate::{Call, Redis, RedisError, Reply};

/// What a store asks, where what it does without an answer depends on the question. It is
/// [put](super::Fallback::put) to Redis once.
///
/// ```
/// use buttress_redis::engine::{Answered, Degrade, Fallback, Question, Step};
/// use buttress_redis::{Call, Redis, RedisError, Reply, Script};
///
/// static STOCK: Script = Script::new("stock", 1, "return redis.call('DECRBY', KEYS[1], ARGV[1])");
///
/// /// Takes something out of a stock; a little is taken on trust.
/// struct Some(i64);
///
/// impl Question for Some {
///     type Answer = i64;
///
///     fn call<'a>(&self, redis: &'a Redis) -> Call<'a> {
///         redis.run(&STOCK, "lamps").arg(self.0)
///     }
///
///     fn read(&self, reply: &Reply) -> Result<i64, RedisError> {
///         reply.integer()
///     }
///
///     fn instead(&self, _: &RedisError) -> Answered<i64> {
///         if self.0 < 10 { Answered::Allow } else { Answered::Deny }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// // Nobody listens there.
/// let redis = Redis::builder("redis://127.0.0.1:1").build()?;
/// let fallback = Fallback::new(redis, "stock", Degrade::Deny);
/// assert!(matches!(fallback.put(Some(3)), Step::Now(Answered::Allow)));
/// assert!(matches!(fallback.put(Some(30)), Step::Now(Answered::Deny)));
/// # Ok(())
/// # }
/// ```
pub trait Question: Send + 'static {
    /// What is answered.
    type Answer: Send + 'static;

    /// The call.
    fn call<'a>(&self, redis: &'a Redis) -> Call<'a>;

    /// What a reply means.
    ///
    /// # Errors
    ///
    /// Fails if it is none that can be: then it is answered [instead](Self::instead).
    fn read(&self, reply: &Reply) -> Result<Self::Answer, RedisError>;

    /// What counts if there is no answer. The error says whether it [may have run](RedisError::may_have_run).
    fn instead(&self, error: &RedisError) -> Answered<Self::Answer>;
}
