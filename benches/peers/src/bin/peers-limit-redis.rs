//! Limits that a fleet shares: decisions about ten thousand keys, at a real server.
//! `cargo run --release --manifest-path benches/peers/Cargo.toml --bin peers-limit-redis -- [--tasks N] [--seconds N]`
//!
//! Server and clients share this machine, so how many there are a second says little of the server. What a core of it
//! could decide is told by the time of its main thread: that is what it does nothing else with.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use buttress_benches::cases::limit::{bytes, one_of};
use buttress_core::Key;
use buttress_core::metrics::Metrics;
use buttress_ratelimit::store::{LimitStore, RedisStore, Terms};
use buttress_ratelimit::{Charge, Charges, Limit, Limits, Quota, Source};
use buttress_redis::{Redis, Script};
use buttress_testkit::redis::Server;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

const CLIENTS: u32 = 10_000;

/// As such scripts are commonly written: times are floats, and it asks the server for the time.
static FLOATS: Script = Script::new(
    "floats",
    1,
    r"
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local burst, interval, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
tat = math.max(tat, now)
local new = tat + interval * cost
local left = (now - (new - interval * burst)) / interval
if left < 0 then
    return {0, 0, tostring(-left * interval), tostring(tat - now)}
end
redis.call('SET', KEYS[1], new, 'EX', math.ceil(new - now))
return {cost, math.floor(left), '-1', tostring(new - now)}",
);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let (mut tasks, mut seconds) = (64, 3);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or("each option has a value")?.parse()?;
        match &*argument {
            "--tasks" => tasks = value,
            "--seconds" => seconds = value,
            other => return Err(format!("what is `{other}`?").into()),
        }
    }
    let run = Run { server: Server::start().await, tasks, lasts: Duration::from_secs(seconds) };
    println!("| {tasks} tasks | decisions a second | server CPU each, µs | a core could |");
    println!("|---|--:|--:|--:|");
    let redis = Redis::builder(run.server.url()).connections(1).build()?;
    redis.connected().await?;
    let one = Fleet::of(RedisStore::new(redis.clone()).named("one"), 1, PLENTY)?;
    let three = Fleet::of(RedisStore::new(redis.clone()).named("three"), 3, PLENTY)?;
    let leased = RedisStore::new(redis.clone()).named("leased").leases("a0", LEASE);
    let leased = Fleet::of(leased, 1, HOT)?;
    for _ in 0..3 {
        let asked = redis.clone();
        run.measure("floats and TIME", CLIENTS, move |client| floats(asked.clone(), client))
            .await?;
        for (name, fleet, clients) in [
            ("ours, one policy", &one, CLIENTS),
            ("ours, three policies", &three, CLIENTS),
            ("ours, leases of 10,000, 32 keys", &leased, 32),
        ] {
            let fleet = fleet.clone();
            run.measure(name, clients, move |client| fleet.clone().decide(client)).await?;
        }
    }
    Ok(())
}

/// What each key has in a second: ten thousand of them have more than any server decides.
const PLENTY: u64 = 100_000;

/// The same where decisions are made here. Of 32 keys with less, a fast machine asks for more than they have, and is
/// refused.
const HOT: u64 = 1_000_000;

/// One in a hundred of that: no process holds more of a key.
const LEASE: u32 = 10_000;

/// Limits that are shared, with so many policies.
#[derive(Clone)]
struct Fleet {
    store: RedisStore,
    limits: Limits,
    policies: u8,
}

impl Fleet {
    fn of(store: RedisStore, policies: u8, each: u64) -> Result<Self, Failure> {
        let limit = Limit::try_from(Quota::per_second(each))?;
        let terms: Vec<_> =
            (0..policies).map(|policy| Terms::new(format!("a{policy}"), limit)).collect();
        // The machine may be busy: what would be decided without Redis is not measured.
        let store = store.within(Duration::from_secs(5)).bind(&terms, None, &Metrics::none())?;
        Ok(Self { store, limits: terms.iter().map(|_| limit).collect(), policies })
    }

    async fn decide(self, client: u32) -> Result<(), Failure> {
        let mut charges = Charges::new();
        for policy in 0..self.policies {
            charges.push(Charge::new(policy, Key::from_bytes(bytes(client)), 1));
        }
        let verdict = self.store.take(&self.limits, &charges).await;
        let asked = [Source::Store, Source::Leased];
        let seen = verdict.standings().iter().all(|standing| asked.contains(&standing.source()));
        // A refusal is cheaper than what is measured here, so there must be none, be it right or wrong.
        if verdict.is_taken() && seen { Ok(()) } else { Err(format!("{verdict:?}").into()) }
    }
}

async fn floats(redis: Redis, client: u32) -> Result<(), Failure> {
    let call = redis.run(&FLOATS, Key::from_bytes(bytes(client)));
    drop(call.arg(1_000_000_000_i64).arg(1_i64).arg(1_i64).send().await?);
    Ok(())
}

struct Run {
    server: Server,
    tasks: u64,
    lasts: Duration,
}

impl Run {
    /// How often `decide` is done in so long, and how long the server works on it.
    async fn measure<D, F>(&self, name: &str, clients: u32, decide: D) -> Result<(), Failure>
    where
        D: Fn(u32) -> F + Clone + Send + 'static,
        F: Future<Output = Result<(), Failure>> + Send,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        let (began, cpu) = (Instant::now(), self.server_time().await?);
        for task in 0..self.tasks {
            let (decide, stop) = (decide.clone(), stop.clone());
            callers.spawn(async move {
                let mut turn = task << 32;
                while !stop.load(Relaxed) {
                    decide(one_of(clients, turn)).await?;
                    // What is here already is decided without a wait: others want to be polled, too.
                    if turn % 64 == 0 {
                        tokio::task::yield_now().await;
                    }
                    turn += 1;
                }
                Ok::<_, Failure>(turn & 0xffff_ffff)
            });
        }
        tokio::time::sleep(self.lasts).await;
        stop.store(true, Relaxed);
        let mut decisions = 0.0;
        for caller in callers.join_all().await {
            decisions += f64::from(u32::try_from(caller?)?);
        }
        let (lasted, cpu) = (began.elapsed().as_secs_f64(), self.server_time().await? - cpu);
        let (each, micros) = (decisions / lasted, cpu * 1e6 / decisions);
        println!("| {name} | {each:.0} | {micros:.2} | {:.0} |", 1e6 / micros);
        Ok(())
    }

    /// Seconds that the main thread of the server has worked.
    async fn server_time(&self) -> Result<f64, Failure> {
        let mut seconds = 0.0;
        for name in ["used_cpu_user_main_thread", "used_cpu_sys_main_thread"] {
            seconds += self.server.info("cpu", name).await.parse::<f64>()?;
        }
        Ok(seconds)
    }
}
