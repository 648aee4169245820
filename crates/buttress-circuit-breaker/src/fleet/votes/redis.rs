use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use buttress_core::{Key, clock};
use buttress_redis::{Call, Ending, Redis, RedisError, Reply, Script, Watched};

use super::{Asked, Order, SILENCE, Tally, Votes};
use crate::Force;

static VOTE: Script = Script::new("breakers", 1, include_str!("vote.lua"));
static LEAVE: Script = Script::new("breakers", 1, include_str!("leave.lua"));
static FORCE: Script = Script::new("breakers", 1, include_str!("force.lua"));
static READ: Script = Script::new("breakers", 1, include_str!("read.lua"));

/// Votes in Redis or Valkey, for the processes of a fleet.
///
/// All that is known stands under one name, so on one server of a cluster:
///
/// | key, after `prefix:breakers:v1:{name}:` | type | ends |
/// |---|---|---|
/// | `votes:payments` | hash, by member | with the last vote |
/// | `members:payments` | sorted set, by when each was heard of | five seconds after the last one was heard of |
/// | `order:payments` | text | thirty days after it was given, unless somebody knows it |
///
/// Times are the server's. A vote, or a look at how things stand, may take 150 ms; a server that needs longer is away.
/// An order may take as long as the handle gives any call.
///
/// ```
/// use buttress_circuit_breaker::Force;
/// use buttress_circuit_breaker::fleet::{RedisVotes, Votes};
/// use buttress_redis::Redis;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = buttress_testkit::redis::Server::start().await;
/// # let url = server.url();
/// let votes = RedisVotes::new(Redis::connect(url).await?).named("shop");
/// let (first, second) =
///     (votes.force("payments", Force::Open).await?, votes.force("payments", Force::Release).await?);
/// assert!(second.version() > first.version());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisVotes {
    redis: Redis,
    name: &'static str,
}

/// What is asked all the time waits no longer than this: of what changes, all must have heard in half a second.
const BUDGET: Duration = Duration::from_millis(150);
/// For how long an order is kept that nobody knows of.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl RedisVotes {
    /// Keeps them there, under the name `breakers`.
    #[must_use]
    pub const fn new(redis: Redis) -> Self {
        Self { redis, name: "breakers" }
    }

    /// Keeps them under another name: services that share a Redis and a prefix, and do not depend on the same things,
    /// have a name each. A word without braces; it is also the name of the channel on which changes are told. One that
    /// was only known at run time is kept for as long as the program runs.
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = match name.into() {
            Cow::Borrowed(name) => name,
            // Of each call it is a part, and a program has few.
            Cow::Owned(name) => name.leak(),
        };
        Self { name, ..self }
    }

    fn call<'a>(&'a self, script: &'a Script, words: &[String]) -> Call<'a> {
        let endings = words.iter().map(|word| Ending::new(word));
        self.redis.run_for(script, self.name, endings)
    }

    /// Tells all processes to look. What is not heard is seen at the next look, so it does not matter if this fails.
    async fn tell(&self, breaker: &str) {
        let _ = self.redis.publish(self.name, breaker).await;
    }
}

impl Votes for RedisVotes {
    type Error = RedisError;
    type Watch = Watched;

    async fn vote(&self, breaker: &str, member: Key, lasts: Duration) -> Result<(), RedisError> {
        let call = self.call(&VOTE, &[votes_of(breaker)]).within(BUDGET);
        call.arg(&member.to_hex()[..]).arg(millis(lasts).max(1)).send().await?.integer()?;
        self.tell(breaker).await;
        Ok(())
    }

    async fn withdraw(&self, breaker: &str, member: Key) -> Result<(), RedisError> {
        let call = self.call(&VOTE, &[votes_of(breaker)]).within(BUDGET);
        call.arg(&member.to_hex()[..]).arg(0_u64).send().await?.integer().map(drop)
    }

    async fn leave(&self, breaker: &str, member: Key) -> Result<(), RedisError> {
        let call = self.call(&LEAVE, &[members_of(breaker), votes_of(breaker)]);
        call.arg(&member.to_hex()[..]).send().await?.integer().map(drop)
    }

    async fn read(&self, member: Key, asked: &[Asked<'_>]) -> Result<Vec<Tally>, RedisError> {
        let keys = |asked: &Asked<'_>| {
            let name = asked.breaker();
            [members_of(name), votes_of(name), order_of(name)]
        };
        let words: Vec<_> = asked.iter().flat_map(keys).collect();
        let call = self.call(&READ, &words).within(BUDGET);
        let call = call.arg(&member.to_hex()[..]).arg(millis(SILENCE)).arg(millis(KEPT));
        let reply = asked.iter().fold(call, known).send().await?;
        tallies(&reply, asked.len())
    }

    async fn force(&self, breaker: &str, force: Force) -> Result<Order, RedisError> {
        let call = self.call(&FORCE, &[order_of(breaker)]);
        let version = call.arg(number_of(force)).arg(millis(KEPT)).send().await?.integer()?;
        self.tell(breaker).await;
        Ok(Order::new(positive(version)?, force))
    }

    fn watch<Q, F>(&self, every: Duration, question: Q) -> Result<Watched, RedisError>
    where
        Q: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), RedisError>> + Send + 'static,
    {
        self.redis.watch([self.name], every, question)
    }
}

fn votes_of(breaker: &str) -> String {
    format!("votes:{breaker}")
}

fn members_of(breaker: &str) -> String {
    format!("members:{breaker}")
}

fn order_of(breaker: &str) -> String {
    format!("order:{breaker}")
}

/// The arguments of `read.lua` about one breaker.
fn known<'a>(call: Call<'a>, asked: &Asked<'_>) -> Call<'a> {
    let call = match asked.age() {
        Some(age) => call.arg(millis(age)),
        None => call.arg(-1_i64),
    };
    match asked.known() {
        Some(order) => call.arg(order.version()).arg(number_of(order.force())),
        None => call.arg(0_u64).arg(0_i64),
    }
}

/// How an order is written, there and in what is told of it. None is ever used for anything else.
const fn number_of(force: Force) -> i64 {
    match force {
        Force::Open => 1,
        Force::Closed => 2,
        Force::Off => 3,
        Force::MetricsOnly => 4,
        Force::Release => 5,
    }
}

/// Nothing for what a later release may order.
const fn force_of(number: i64) -> Option<Force> {
    match number {
        1 => Some(Force::Open),
        2 => Some(Force::Closed),
        3 => Some(Force::Off),
        4 => Some(Force::MetricsOnly),
        5 => Some(Force::Release),
        _ => None,
    }
}

fn tallies(reply: &Reply, breakers: usize) -> Result<Vec<Tally>, RedisError> {
    let mut numbers = vec![0; breakers * OF_A_TALLY];
    reply.fill(&mut numbers)?;
    numbers.chunks(OF_A_TALLY).map(tally).collect()
}

/// What `read.lua` answers, for whoever tries all that it could: five numbers for each breaker. No part of the public
/// interface.
#[doc(hidden)]
#[must_use]
pub fn read_tallies(numbers: &[i64]) -> Option<Vec<Tally>> {
    numbers.chunks(OF_A_TALLY).map(|numbers| tally(numbers).ok()).collect()
}

/// So many numbers say how one breaker stands.
const OF_A_TALLY: usize = 5;

fn tally(numbers: &[i64]) -> Result<Tally, RedisError> {
    let &[members, votes, own, version, force] = numbers else {
        return Err(RedisError::unexpected("another count of numbers"));
    };
    let count = |number| u32::try_from(number).map_err(|_| unreadable());
    let tally = Tally::new(count(members)?, count(votes)?).voted(own == 1);
    let version = positive(version)?;
    Ok(force_of(force).map_or(tally, |force| tally.ordered(Order::new(version, force))))
}

fn positive(number: i64) -> Result<u64, RedisError> {
    u64::try_from(number).map_err(|_| unreadable())
}

fn unreadable() -> RedisError {
    RedisError::unexpected("a count is never negative")
}

fn millis(time: Duration) -> u64 {
    // What is a whole number there, and longer than anybody waits.
    clock::millis(time).min(1 << 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_force_has_a_number_of_its_own() {
        for number in -1..9 {
            let force = force_of(number);
            assert!(force.is_none_or(|force| number_of(force) == number), "{number}");
            assert_eq!(force.is_some(), (1..=5).contains(&number));
        }
    }

    #[test]
    fn five_numbers_are_a_tally() {
        let order = Order::new(9, Force::Closed);
        assert_eq!(tally(&[4, 2, 1, 9, 2]).unwrap(), Tally::new(4, 2).voted(true).ordered(order));
        assert_eq!(tally(&[1, 0, 0, 0, 0]).unwrap(), Tally::new(1, 0));
        assert_eq!(tally(&[1, 0, 0, 9, 77]).unwrap(), Tally::new(1, 0), "of a later release");
        for wrong in [&[-1, 0, 0, 0, 0][..], &[1, -1, 0, 0, 0], &[1, 0, 0, -1, 1], &[1, 0, 0]] {
            assert!(tally(wrong).is_err(), "{wrong:?}");
        }
    }
}
