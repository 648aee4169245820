//! The clients that a server is not for, in a process of their own.

use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use buttress::clock::{Timer, TokioTimer};
use buttress_testkit::hostile::Attack;
use tokio::time::interval;

use super::{Crowd, Failure, Options, Served, runtime};

/// Starts them, in such a process.
pub(crate) fn enemies(
    address: SocketAddr,
    crowd: Crowd,
    options: &Options,
) -> Result<Child, Failure> {
    let attackers = if crowd == Crowd::Nobody { 0 } else { options.attackers };
    let within = if crowd == Crowd::OneByOne { 1_000 } else { 0 };
    let mut command = Command::new("nice");
    command.arg("-n19").arg(std::env::current_exe()?);
    command.args(["--attack", &address.to_string(), "--attackers", &attackers.to_string()]);
    command.args(["--within", &within.to_string(), "--kind", &options.kind]);
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}

/// What the process of the attackers does, until nobody listens any more. Says at last how many attacks were ended.
pub(crate) fn attack(address: SocketAddr, options: &Options) -> Result<(), Failure> {
    let enemies = runtime(Served::Axum)?;
    let ended = Arc::new(AtomicUsize::new(0));
    let is_meant = |kind: &Attack| options.kind.is_empty() || format!("{kind:?}") == options.kind;
    let kinds: Vec<Attack> = Attack::ALL.into_iter().filter(is_meant).collect();
    if kinds.is_empty() {
        return Err(format!("there is no attack `{}`", options.kind).into());
    }
    let distance = Duration::from_millis(options.within) / u32::try_from(options.attackers)?.max(1);
    for (number, attack) in kinds.into_iter().cycle().take(options.attackers).enumerate() {
        let wait = distance * u32::try_from(number)?;
        let ended = ended.clone();
        enemies.spawn(async move {
            TokioTimer.sleep(wait).await;
            let mut pauses = interval(Duration::from_secs(1));
            loop {
                pauses.tick().await;
                attack.run(address, Duration::from_millis(500)).await;
                ended.fetch_add(1, Relaxed);
            }
        });
    }
    stdin().read_to_end(&mut Vec::new())?;
    println!("{}", ended.load(Relaxed));
    enemies.shutdown_background();
    Ok(())
}
