//! Limits that a fleet shares, in Redis or Valkey: [`RedisStore`].
//!
//! ```
//! use buttress_core::Keyer;
//! use buttress_core::engine::Degrade;
//! use buttress_ratelimit::store::RedisStore;
//! use buttress_ratelimit::{Quota, RateLimit, address, api_key};
//! use buttress_redis::Redis;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = buttress_testkit::redis::Server::start().await;
//! # let url = server.url();
//! let redis = Redis::connect(url).await?;
//! // Each process makes the same keys, as all have the same seed.
//! let keyer = Keyer::from(redis.seed("keys").await?);
//! let process = || {
//!     RateLimit::builder()
//!         .policy("per-address", Quota::per_second(20).burst(60).by(address()))
//!         .policy("per-key", Quota::per_minute(2).by(api_key()).degrade(Degrade::Deny))
//!         .keyer(keyer)
//!         .engine(RedisStore::new(redis.clone()))
//!         .build()
//! };
//! let (one, other) = (process()?, process()?);
//!
//! // What one process lets through counts in the other.
//! let key = one.writer("per-key").unwrap().api_key("k-17").key();
//! assert!(one.check("per-key", key)?.await.is_taken());
//! assert!(other.check("per-key", key)?.await.is_taken());
//! assert!(!one.check("per-key", key)?.await.is_taken());
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - **One script decides about all policies of a request**, on the server's time, in whole numbers, to the nanosecond
//!   as memory does: all charges are taken, or none is. A refusal writes nothing. All algorithms are those of memory:
//!   random schedules of all operations are decided alike by both.
//! - **Requests at the same time are decided together**, where all policies are buckets that refill all the time: takes
//!   of one process that wait to leave at the same time are [one call](buttress_redis::Script::joined), 16 at most.
//!   They are decided in turn, each as if alone, and none waits for others. If the call fails it fails for each of
//!   them; a record that cannot be read fails only the requests about it.
//! - **Nothing is asked twice.** A request that may have been decided, but not answered in time, is decided
//!   [as the policy says](#without-redis), and may have been counted all the same: rather one request too few than one
//!   too many. What [may come back](crate::store::Terms::returning), as a login that is no failure, comes back when
//!   Redis says that it was taken. If the connection ends before that, nobody knows, and it stays.
//! - **An impossible answer is no answer**: another shape, a time beyond any debt, a request let through that was not
//!   charged or has to wait for longer than there is a queue. It is decided as the policy says, and not remembered.
//! - **Nothing stays for ever.** A record ends when its key stands as if it had never asked, to the millisecond. It
//!   says the version of its form, as does its name, so two releases run side by side; one of another version is no
//!   answer, and is left as it is. A clock that was set back locks nobody out for longer than a burst, a queue and a
//!   period, rounded up to tenths of a second. What a process with a larger quota has counted stays: until it is over,
//!   one with a smaller quota refuses the key, and tells it to wait no longer than that one can take.
//! - **A flood stays here.** A refused key is refused by this process, without Redis, until the time that Redis said,
//!   if the request costs as much; or more, where it follows how much later there is room for that, as in a bucket or a
//!   fixed window. What costs more than a burst is told that it never fits. It is for a second at most where charges
//!   [may come back](crate::store::Terms::returning), as those of a policy that counts only failures. A key that this
//!   process gives back to or forgets is asked about again; one that another process forgets, when the time is over.
//!   The table is of [fixed size](RedisStore::remembered).
//! - **Restarts lose nothing.** What a process knows, it knows from Redis.
//! - **Permits** for requests at the same time are held by name. Each process renews its own; those of one that died
//!   end by [themselves](RedisStore::held_for). A request that goes away while it waits for a verdict holds nothing.
//!
//! # What may be admitted beyond a quota
//!
//! | because | at most |
//! |---|---|
//! | [leases](RedisStore::leases) | as many tokens of a key as all processes may hold: processes × tokens, at any time |
//! | charges of a bucket overlap, and are given back | in a span, as many as were under way when it began and came back in it; [from the first one on](crate::store::Memory#what-is-given-back), none |
//! | Redis fails over, or loses its data | one more quota for each key and each time: a replica takes over without what it had not heard of |
//! | Redis is away for longer than [permits last](RedisStore::held_for) | as many permits as were held then |
//! | Redis is away, and a policy is `Local` | one more quota for the time that it is away, of all processes that had heard of each other; one request for each process if that is more |
//! | Redis is away, and a policy is `Allow` | everything |
//! | more calls are [under way](buttress_redis::RedisSettings::in_flight) than may be, as in a flood of new keys | as if Redis were away, for those beyond |
//! | processes have different quotas, as in a rollout, or as one alone [replaces](crate::RateLimit::replace) them | of a bucket the larger burst and the larger rate; of a window or a log the larger count in each of the shorter periods |
//!
//! Records that `maxmemory` evicts are lost, too: set `maxmemory-policy` to `noeviction`, which refuses instead.
//!
//! # Without Redis
//!
//! A request waits [no longer than it is told](RedisStore::within). While there is no connection it does not wait at
//! all. Then each policy does as its [`Degrade`](buttress_core::engine::Degrade) says, and still all are taken or none:
//!
//! - `Allow` lets through, and counts nothing.
//! - `Deny` refuses, for a second, as nobody knows when Redis is back.
//! - `Local` counts in the memory of this process, which then has its share: the limit divided by the number of
//!   processes, rounded down, and one at least. A request that costs more than that is refused for a second. Each
//!   process says every two seconds that it is there, and hears how many there are. One more is believed at once, and
//!   fewer after seven seconds, as a server that lost its data has to hear of all again. While a process has heard
//!   nothing, there are [as many as you say](RedisStore::processes).
//!
//! Every request asks again, so nothing has to be switched back. The log has a line when it begins and one when it is
//! over, `buttress_degraded_answers_total` counts, and health is degraded, or down if a policy denies.
//!
//! # Keys
//!
//! All processes make the same keys, with the [seed](buttress_redis::Redis::seed) `keys` unless they are told another.
//! A handle that [is connected](buttress_redis::Redis::connect) has it. One that began while Redis was down has not, so
//! until then limits are those [without Redis](#without-redis), health included, with keys of this process that are
//! told to nobody. A task asks for the seed four times a second, from the first request or probe on. From then on all
//! is as in the other processes, and what was counted and banned by the keys before is left behind. A server that
//! refuses it is a line in the log; one that has refused it to `connect` is an error when the limits are built.
//!
//! # Leases
//!
//! Redis decides as many requests about one key as one core can. Beyond that, a process may
//! [take tokens in advance](RedisStore::leases), and decide by itself as long as it has some. How many it takes follows
//! how fast they are used: a lease that lasts less than 20 ms is doubled, up to the bound, and one that lasts longer
//! than 80 ms is halved. A key that is not hot has none. Those that were not used within a second go back, as do all of
//! them when the last handle is dropped. Those of a process that was killed count as used: they come again with the
//! time, as all that was used does.
//!
//! Of each key a process holds no more than the bound, those on their way included. They were counted when they were
//! taken, so in any span of time no more is admitted than the quota allows, and as much as all processes held when it
//! began. A request is decided so only if all of its charges can be: beside a policy that has no leases, one on trial,
//! or a cost of nothing, none is taken. A standing says what is left here, and what was left there.
//!
//! # Bans
//!
//! A [penalty](crate::Penalty) by one process is one by all. Each process counts the refusals that it gives itself, as
//! most of them do not reach Redis. A ban that follows is told to Redis, and the others hear of it: each of them asks
//! four times a second, so it holds everywhere within half a second and the time of two calls. It ends everywhere at
//! the same time, and the next one is longer, whichever process imposes it. When the quota has room is told, too, so
//! `Retry-After` is the same everywhere. [`lift`](crate::RateLimit::lift) goes the same way. Known bans are in the
//! [table](crate::RateLimitBuilder::most_banned) of each process, so banned clients do not reach Redis.
//!
//! A process that starts hears of all bans there are, once it is asked for the first time, or its health is. In Redis
//! there are as many as the table of a process holds, and where there is no room, whoever is forgotten first gives way.
//! While Redis is away, bans stay with the process that has imposed them, and are told once it is back, for as long as
//! they last then. A Redis that has lost its data has lost them for processes that start later. What a record says
//! makes no ban longer than the longest one of the policy here.
//!
//! # What is not shared
//!
//! Redis is not asked for all it has: [`heaviest`](crate::RateLimit::heaviest) and [`usage`](crate::RateLimit::usage)
//! tell nothing.
//!
//! # In a cluster
//!
//! All records of a rule set have [its name](RedisStore::named) as their tag, so they stand on one server.
//! [`shard_by`](crate::RateLimitBuilder::shard_by) spreads them by a key instead, which each policy's key has to
//! contain: then whatever is decided together is in one place. The tags are hashes of that key and the name, so sets of
//! two names have nothing in common there, either.
//!
//! # Cancellation
//!
//! Dropping the wait stops the waiting. A request that was sent may be counted: permits go back, unless the connection
//! is lost before that is said, which holds them for as long as [those of a process that died](RedisStore::held_for).
//! What may come back before its time, and tokens in advance, go back when Redis has answered; if it never does, they
//! stay.
//!
//! # Cost
//!
//! A round trip, the allocation of [the wait](buttress_redis::engine::Asking), those of a [call](buttress_redis::Call),
//! and one for the name of each permit. What is remembered, leased, or decided while Redis is known to be gone is
//! decided at once, and allocates nothing. Giving back, counting afterwards and filling a lease anew are a task each,
//! which nobody waits for. There is one task for each store, which wakes four times a second, and with penalties
//! another one, which asks Redis as often; and one until it has its [keys](#keys). No lock is held across an await. The server executes a third less for each
//! of sixteen that are decided together than for one alone.
//!
//! # Errors
//!
//! Binding fails with all that is wrong: a name with braces, a budget of nothing, leases for what is no policy, has no
//! tokens, or of more than a burst; a policy that would be spread. Afterwards nothing fails: what Redis cannot answer
//! is decided without it.

mod ask;
mod bans;
mod fleet;
mod instead;
mod keeper;
mod leases;
mod limit_store;
#[doc(hidden)]
pub mod parsing;
mod permits;
mod reading;
mod redis_store;
mod refusals;
mod remembered;
mod returning;
mod script;
mod seeking;
mod settings;
mod state;
#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;

pub use self::redis_store::RedisStore;
