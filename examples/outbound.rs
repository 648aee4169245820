//! What the outbound wall does before a dependency that nobody can rely on: `cargo run --example outbound`.
//!
//! The dependency is built in, and so is time: it passes as fast as there is nothing to do. So whole minutes are over
//! in no time, and each run is as the last one.

#[path = "outbound/dependency.rs"]
mod dependency;

use std::time::Duration;

use buttress::circuit_breaker::State;
use buttress::clock::{Clock, Timer, TokioClock, TokioTimer};
use buttress::outbound::OutboundService;
use buttress::prelude::*;
use buttress_examples::{Failure, Options};
use http::StatusCode;
use tower::ServiceExt;

use self::dependency::{Dependency, request};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Failure> {
    let smoke = Options::from_command_line()?.smoke();
    let seen = [budget().await?, breaker().await?, hedge().await?].concat();
    for (holds, words) in seen {
        match (holds, smoke) {
            (true, true) => println!("ok: {words}"),
            (false, _) => return Err(format!("expected that {words}").into()),
            _ => {}
        }
    }
    Ok(())
}

/// What should be true, and whether it was.
type Seen = Vec<(bool, &'static str)>;

/// A dependency that is down altogether: retries must not make it worse.
async fn budget() -> Result<Seen, Failure> {
    println!("A dependency that is down altogether. 1,000 calls, three attempts each.\n");
    let mut asked = Vec::new();
    for percent in [5, 10, 20] {
        let dependency = Dependency::new(TokioClock::new(), |_, _| (Duration::ZERO, 503));
        let retry = Retry::up_to(3)
            .backoff(Backoff::none())
            .budget(Budget::percent(percent).floor(0).window(secs(60)));
        let wall = Outbound::to("stock").retry(retry).clock(TokioClock::new()).build()?;
        let client = wall.layer_on(dependency.clone());
        for _ in 0..1_000 {
            call(&client).await?;
            TokioTimer.sleep(ms(10)).await;
        }
        println!("  with a budget of {percent:>2} %, it was asked {:>5} times", dependency.asked());
        asked.push(dependency.asked());
    }
    println!("  with none, it would have been 3,000\n");
    Ok(vec![
        ((1_048..=1_050).contains(&asked[0]), "5 % are a twentieth more"),
        ((1_098..=1_100).contains(&asked[1]), "10 % are a tenth more, and not three times as much"),
        ((1_198..=1_200).contains(&asked[2]), "20 % are a fifth more"),
    ])
}

/// A dependency that goes down and comes back: nobody asks meanwhile, but for a probe now and then.
async fn breaker() -> Result<Seen, Failure> {
    println!("A dependency that is down from second 5 to second 20. Ten calls a second.\n");
    let clock = TokioClock::new();
    let begun = clock.now();
    let down = secs(5)..secs(20);
    let dependency = Dependency::new(clock, move |_, at| {
        (ms(5), if down.contains(&(at - begun)) { 500 } else { 200 })
    });
    let breaker =
        CircuitBreaker::after(5).failures_in(secs(10)).open_for(secs(1)..=secs(8)).jitter(0);
    let wall = Outbound::to("payments").circuit_breaker(breaker).clock(clock).build()?;
    let client = wall.layer_on(dependency.clone());
    let mut answers = [0_u32; 3];
    for _ in 0..400 {
        match call(&client).await? {
            StatusCode::OK => answers[0] += 1,
            StatusCode::INTERNAL_SERVER_ERROR => answers[1] += 1,
            _ => answers[2] += 1,
        }
        TokioTimer.sleep(ms(95)).await;
    }
    for step in wall.breaker().history() {
        println!("  second {:>5.2}: {}", (step.at() - begun).as_secs_f64(), step.to());
    }
    let [served, failed, refused] = answers;
    println!("\n  {served} calls were served, {failed} failed, {refused} were refused at once\n");
    Ok(vec![
        (failed == 8, "five failures opened it, and three probes found it down"),
        (wall.breaker().state() == State::Closed, "it closed again"),
        (served > 200, "the calls before and after were served"),
    ])
}

/// A dependency that is slow now and then: a second attempt is faster than to wait.
async fn hedge() -> Result<Seen, Failure> {
    println!(
        "A dependency that takes 10 ms, and of each 50 calls one takes a second. 1,000 calls.\n"
    );
    let mut worst = Vec::new();
    let mut asked = Vec::new();
    for hedged in [false, true] {
        let clock = TokioClock::new();
        let dependency =
            Dependency::new(clock, |time, _| (if time % 50 == 0 { secs(1) } else { ms(10) }, 200));
        let wall = Outbound::to("search").clock(clock);
        let wall = if hedged { wall.hedge(Hedge::after(ms(50)).at_most_percent(5)) } else { wall };
        let client = wall.build()?.layer_on(dependency.clone());
        let mut times = Vec::new();
        for _ in 0..1_000 {
            let before = clock.now();
            call(&client).await?;
            times.push(clock.now() - before);
        }
        times.sort_unstable();
        let (median, late) = (times[500], times[985]);
        let how = if hedged { "with a hedge after 50 ms" } else { "without" };
        println!(
            "  {how:>24}: median {median:?}, 98.5th percentile {late:?}, asked {} times",
            dependency.asked()
        );
        worst.push(late);
        asked.push(dependency.asked());
    }
    Ok(vec![
        (worst[0] >= secs(1), "without a hedge the slow ones are slow"),
        (worst[1] < ms(100), "with one they are not"),
        (asked[1] <= 1_050, "and that costs a twentieth at most"),
    ])
}

async fn call(client: &OutboundService<Dependency>) -> Result<StatusCode, Failure> {
    Ok(client.clone().oneshot(request()).await?.status())
}
