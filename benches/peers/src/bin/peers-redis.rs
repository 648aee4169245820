//! Calls of one script through ours and through the peers, in turns, at a real server:
//! `cargo run --release --manifest-path benches/peers/Cargo.toml --bin peers-redis -- [--tasks N] [--seconds N]`
//!
//! Server and clients share this machine. Processor time is that of this process, the clients'.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use buttress_core::Key;
use buttress_redis::{Redis, Script};
use buttress_testkit::redis::Server;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;
use tokio::time::timeout;

type Failure = Box<dyn Error + Send + Sync>;

const SOURCE: &str = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
static ADD: Script = Script::new("add", 1, SOURCE);
const KEY: &str = "peer:add:v1:{07070707070707070707070707070707}";
const WITHIN: Duration = Duration::from_millis(500);

/// How often `$call` succeeds in so long, by so many tasks with a client each. A macro, because the future of an
/// async function cannot be asked to be `Send` by a generic one.
macro_rules! measure {
    ($tasks:expr, $lasts:expr, $client:expr, $call:path) => {{
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        let (began, cpu) = (Instant::now(), processor_time()?);
        for _ in 0..$tasks {
            let (mut client, stop) = ($client, stop.clone());
            callers.spawn(async move {
                let mut calls = 0_u32;
                while !stop.load(Relaxed) {
                    $call(&mut client).await?;
                    calls += 1;
                }
                Ok::<_, Failure>(calls)
            });
        }
        tokio::time::sleep($lasts).await;
        stop.store(true, Relaxed);
        let mut calls = 0.0;
        for caller in callers.join_all().await {
            calls += f64::from(caller?);
        }
        let cpu = processor_time()? - cpu;
        Seen { each_second: calls / began.elapsed().as_secs_f64(), cpu_micros: cpu * 1e6 / calls }
    }};
}

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
    let lasts = Duration::from_secs(u64::try_from(seconds)?);
    let server = Server::start().await;
    let ours = Redis::builder(server.url()).connections(1).build()?;
    ours.connected().await?;
    let client = redis::Client::open(server.url())?;
    let bare = client.get_multiplexed_async_connection().await?;
    let pool = deadpool_redis::Config::from_url(server.url()).builder()?.max_size(16);
    let pool = pool.runtime(deadpool_redis::Runtime::Tokio1).build()?;
    let sha: String =
        redis::cmd("SCRIPT").arg("LOAD").arg(SOURCE).query_async(&mut bare.clone()).await?;
    let sha: Arc<str> = sha.into();

    println!("| {tasks} tasks | calls a second | of bare | client CPU a call, µs |");
    println!("|---|--:|--:|--:|");
    for _ in 0..3 {
        let reference = measure!(tasks, lasts, (bare.clone(), sha.clone()), call_bare);
        row("redis 1.8, one multiplexed connection", &reference, &reference);
        let seen = measure!(tasks, lasts, ours.clone(), call_ours);
        row("ours, one connection", &seen, &reference);
        let seen = measure!(tasks, lasts, (pool.clone(), sha.clone()), call_pooled);
        row("deadpool-redis 0.23, 16 connections", &seen, &reference);
    }
    dead(server, &ours).await;
    Ok(())
}

async fn call_ours(redis: &mut Redis) -> Result<(), Failure> {
    let reply = redis.run(&ADD, Key::from_bytes([7; 16])).arg(1_i64).send().await?;
    reply.integer()?;
    Ok(())
}

async fn call_bare(peer: &mut (MultiplexedConnection, Arc<str>)) -> Result<(), Failure> {
    let mut command = redis::cmd("EVALSHA");
    command.arg(&*peer.1).arg(1).arg(KEY).arg(1);
    let _: i64 = timeout(WITHIN, command.query_async(&mut peer.0)).await??;
    Ok(())
}

async fn call_pooled(peer: &mut (deadpool_redis::Pool, Arc<str>)) -> Result<(), Failure> {
    let mut connection = peer.0.get().await?;
    let mut command = redis::cmd("EVALSHA");
    command.arg(&*peer.1).arg(1).arg(KEY).arg(1);
    let _: i64 = timeout(WITHIN, command.query_async(&mut connection)).await??;
    Ok(())
}

struct Seen {
    each_second: f64,
    cpu_micros: f64,
}

/// Seconds of the processor that this process has used, in user and kernel.
fn processor_time() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let mut times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let (user, kernel) = (times.next().ok_or("too short")??, times.next().ok_or("too short")??);
    // In hundredths of a second, on every Linux there is.
    Ok((user + kernel) / 100.0)
}

fn row(name: &str, seen: &Seen, reference: &Seen) {
    let share = seen.each_second / reference.each_second * 100.0;
    println!("| {name} | {:.0} | {share:.0} % | {:.1} |", seen.each_second, seen.cpu_micros);
}

/// What a call costs while there is no connection.
async fn dead(server: Server, ours: &Redis) {
    const CALLS: u32 = 200_000;
    server.kill();
    while ours.run(&ADD, "t").arg(1_i64).send().await.is_err_and(|error| error.may_have_run()) {}
    let began = Instant::now();
    for _ in 0..CALLS {
        let error = ours.run(&ADD, Key::from_bytes([7; 16])).arg(1_i64).send().await;
        assert!(error.is_err_and(|error| !error.may_have_run()));
    }
    let each = began.elapsed() / CALLS;
    println!("\na call while Redis is down: {each:?}");
}
