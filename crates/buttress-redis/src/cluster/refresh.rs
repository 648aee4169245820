//! Learning who serves what: when something changed, and now and then.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, Value};
use tokio::task::JoinSet;

use super::topology::Topology;
use super::{Shared, scripts};
use crate::address::Address;
use crate::link::{Failed, Line, Link, login, pause};
use crate::{ErrorKind, RedisError};

/// So long nobody is asked after an answer, whatever happens.
const REST: Duration = Duration::from_millis(100);
/// And so many milliseconds longer at most, by chance.
const JITTER: u64 = 100;
/// So often it is asked while something is wrong.
const SOON: Duration = Duration::from_millis(200);
/// So often while servers are to leave.
const LATER: Duration = Duration::from_secs(1);
/// So often while all is well.
const NOW_AND_THEN: Duration = Duration::from_secs(5);
/// So many are asked at once.
const AT_ONCE: usize = 8;

/// Runs until it is dropped.
pub(super) async fn run(shared: Arc<Shared>, seeds: Vec<Address>) {
    let (jitter, mut loading) = (RandomState::new(), JoinSet::new());
    for turn in 0_u64.. {
        match learned(&shared, &seeds, turn).await {
            Ok(topology) => {
                *shared.trouble.lock() = None;
                shared.adopt(|_| Some(topology));
            }
            Err(error) => troubled(&shared, &error),
        }
        let (sources, within) = (shared.scripts.known(), shared.settings.response_timeout);
        for node in std::mem::take(&mut *shared.fresh.lock()) {
            loading.spawn(scripts::load(node, sources.clone(), within));
        }
        while loading.try_join_next().is_some() {}
        pause(REST + Duration::from_millis(jitter.hash_one(turn) % JITTER)).await;
        tokio::select! {
            () = shared.bell.notified() => {}
            () = pause(patience(&shared)) => {}
        }
    }
}

fn patience(shared: &Shared) -> Duration {
    let routes = shared.routes.load();
    match (routes.is_well(), routes.has_guests()) {
        (false, _) => SOON,
        (true, true) => LATER,
        (true, false) => NOW_AND_THEN,
    }
}

/// One line for each time of trouble.
fn troubled(shared: &Shared, error: &RedisError) {
    let before = shared.trouble.lock().replace(error.to_string());
    if before.is_none() {
        tracing::warn!(target: "buttress", %error, "no node of the Redis cluster tells the slots");
    }
}

/// From the server that was named last, else from others that are connected, else from anybody.
async fn learned(
    shared: &Arc<Shared>,
    seeds: &[Address],
    turn: u64,
) -> Result<Topology, RedisError> {
    let hint = shared.hint.lock().take();
    let mut links = links(shared, turn);
    if let Some(at) = links.iter().position(|(address, _)| hint.as_ref() == Some(address)) {
        let (address, link) = links.swap_remove(at);
        if let Ok(topology) = asked(&address, &link, shared.settings.connect_timeout).await {
            return Ok(topology);
        }
    }
    let mut asking = JoinSet::new();
    for (address, link) in links.into_iter().take(AT_ONCE) {
        let within = shared.settings.connect_timeout;
        asking.spawn(async move { asked(&address, &link, within).await });
    }
    if let Ok(topology) = first(asking).await {
        return Ok(topology);
    }
    let mut anybody = shared.routes.load().topology.primaries().to_vec();
    anybody.extend_from_slice(seeds);
    let mut asking = JoinSet::new();
    for address in rotated(anybody, turn).into_iter().take(AT_ONCE) {
        let shared = shared.clone();
        asking.spawn(async move { told(&address, &shared).await });
    }
    first(asking).await
}

/// The connections that there are, beginning with another one each time.
fn links(shared: &Shared, turn: u64) -> Vec<(Address, Arc<Link>)> {
    let routes = shared.routes.load();
    let nodes = routes.topology.primaries().iter().zip(routes.primaries());
    let links = nodes.filter_map(|(address, node)| Some((address.clone(), node.link(0)?)));
    rotated(links.collect(), turn)
}

fn rotated<T>(mut all: Vec<T>, turn: u64) -> Vec<T> {
    if !all.is_empty() {
        let first = usize::try_from(turn).unwrap_or(0) % all.len();
        all.rotate_left(first);
    }
    all
}

/// The first good answer, or why the last was none.
async fn first(mut asking: JoinSet<Result<Topology, RedisError>>) -> Result<Topology, RedisError> {
    let mut last = RedisError::new(ErrorKind::Unreachable, "");
    while let Some(answer) = asking.join_next().await {
        match answer {
            Ok(Ok(topology)) => return Ok(topology),
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

/// From one that we are connected to.
async fn asked(address: &Address, link: &Link, within: Duration) -> Result<Topology, RedisError> {
    let mut question = redis::cmd("CLUSTER");
    question.arg("SLOTS");
    match link.ask(&question, within).await {
        Ok(answer) => read(&answer, address),
        Err(Failed::Said { error, .. } | Failed::Lost(error)) => Err(error),
    }
}

/// From one that we are not, and that may be a replica.
async fn told(address: &Address, shared: &Shared) -> Result<Topology, RedisError> {
    let within = shared.settings.connect_timeout;
    let mut question = Pipeline::new();
    question.cmd("CLUSTER").arg("SLOTS");
    let mut line =
        Line::open(address, &login(&shared.settings), &shared.settings.tls, within).await?;
    let [answer] = line.ask(&question).await?;
    read(&answer, address)
}

fn read(answer: &Value, asked: &Address) -> Result<Topology, RedisError> {
    let topology = Topology::of(answer, asked);
    topology.ok_or_else(|| RedisError::new(ErrorKind::Protocol, "it knows of no slots"))
}
