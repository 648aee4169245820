//! One connection, from its first byte to its end.

mod asking;
mod connect;
mod facts;
mod greet;
mod line;
mod stream;
#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;
mod traffic;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) use self::connect::{connect, dial, listen};
pub(crate) use self::facts::Facts;
pub(crate) use self::greet::{login, refused};
pub(crate) use self::line::Line;
pub(crate) use self::stream::{Io, Stream};
pub(crate) use self::traffic::Traffic;
use crate::late::Late;
use crate::said::Said;
use crate::wire::{Answer, End, Full, Wire};
use crate::{ErrorKind, RedisError, Tag};

/// A connection that many calls share. It never asks twice, and never connects again: when it has ended, it is
/// replaced.
#[derive(Debug)]
pub(crate) struct Link<C = Wire> {
    carrier: C,
    traffic: Arc<Traffic>,
    facts: Facts,
    dead: Arc<AtomicBool>,
    condemned: Notify,
}

/// One by which something is heard. That is another protocol, which the library speaks.
pub(crate) type Ear = Link<MultiplexedConnection>;

/// What can be asked whether the server is there.
pub(crate) trait Carrier {
    fn ping(&self) -> impl Future<Output = ()> + Send;
}

/// Why a call came back without a value.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The server said so.
    Said { said: Said, error: RedisError },
    /// It did not get an answer.
    Lost(RedisError),
}

impl Link {
    /// Asks once, and waits no longer than `within`.
    pub(crate) async fn ask(&self, command: &Cmd, within: Duration) -> Result<Value, Failed> {
        self.ask_or_late(command, within, None).await
    }

    /// The same with somebody who hears the answer when nobody waits any more.
    pub(crate) async fn ask_or_late(
        &self,
        command: &Cmd,
        within: Duration,
        late: Option<&Late>,
    ) -> Result<Value, Failed> {
        self.ready(within)?;
        let [answer] = self.carrier.ask([command]).map_err(full)?;
        self.answered(answer.or_late(late), within).await
    }

    /// The same as one with others who ask the same about this tag, if any of them wait to leave.
    pub(crate) async fn ask_joined(
        &self,
        command: &Cmd,
        tag: Tag,
        within: Duration,
        late: Option<&Late>,
    ) -> Result<Value, Failed> {
        self.ready(within)?;
        let answer = self.carrier.join(command, tag).map_err(full)?;
        self.answered(answer.or_late(late), within).await
    }

    /// Whether there is any use in asking.
    fn ready(&self, within: Duration) -> Result<(), Failed> {
        if self.dead.load(Acquire) {
            return Err(lost(ErrorKind::Unreachable, ""));
        }
        if within.is_zero() {
            return Err(lost(ErrorKind::TimedOut, ""));
        }
        Ok(())
    }

    async fn answered(&self, answer: Answer<'_>, within: Duration) -> Result<Value, Failed> {
        match timeout(within, answer.value()).await {
            Ok(Ok(value)) => judged(value),
            Ok(Err(end)) => Err(self.broken(end)),
            Err(_) => Err(lost(ErrorKind::Ambiguous, "")),
        }
    }

    /// The connection is of no use any more; whoever watches over it hears of it.
    fn broken(&self, end: End) -> Failed {
        self.condemn();
        match end {
            End::Unsent => lost(ErrorKind::Unreachable, "the connection was lost"),
            End::Sent => lost(ErrorKind::Ambiguous, "the connection was lost"),
            End::Garbled => lost(ErrorKind::Protocol, "the answer is not RESP"),
        }
    }
}

impl Ear {
    /// Begins to listen.
    pub(crate) async fn subscribe(
        &self,
        channels: &[&str],
        within: Duration,
    ) -> Result<(), RedisError> {
        match timeout(within, self.carrier.clone().subscribe(channels)).await {
            Ok(subscribed) => subscribed.map_err(|error| refused(&error)),
            Err(_) => Err(RedisError::new(ErrorKind::Unreachable, "no channel is confirmed")),
        }
    }
}

impl Carrier for Wire {
    async fn ping(&self) {
        let ping = redis::cmd("PING");
        if let Ok([answer]) = self.ask([&ping]) {
            let _ = answer.value().await;
        }
    }
}

impl Carrier for MultiplexedConnection {
    async fn ping(&self) {
        let _ = self.clone().send_packed_command(&redis::cmd("PING")).await;
    }
}

impl<C: Carrier> Link<C> {
    /// Has it replaced.
    pub(crate) fn condemn(&self) {
        self.condemned.notify_one();
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns when the connection should be replaced, with the reason.
    pub(crate) async fn watch(&self, mut driver: Driver, patience: Duration) -> &'static str {
        let dead = Dead(self.dead.clone());
        let reason = tokio::select! {
            _ = &mut driver.0 => "it was closed",
            () = self.condemned.notified() => "it was of no use",
            () = self.frozen(patience) => "the server is silent",
        };
        drop(dead);
        reason
    }

    /// Returns when the server has owed an answer for as long as `patience`. Asks for one now and then, so that
    /// this is known before the next call.
    async fn frozen(&self, patience: Duration) {
        let look = (patience / 4).clamp(Duration::from_millis(5), Duration::from_secs(1));
        loop {
            pause(look).await;
            if self.traffic.silent_for() >= patience {
                return;
            }
            if self.traffic.quiet_for() >= Duration::from_secs(1)
                && self.traffic.silent_for().is_zero()
            {
                // Whatever comes of it is seen in the traffic.
                let _ = timeout(patience, self.carrier.ping()).await;
            }
        }
    }
}

/// Says at the end, also if the watch is dropped, that the connection is not to be used.
struct Dead(Arc<AtomicBool>);

impl Drop for Dead {
    fn drop(&mut self) {
        self.0.store(true, Release);
    }
}

/// The task that reads and writes. It ends with this value.
#[derive(Debug)]
pub(crate) struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) async fn pause(duration: Duration) {
    use buttress_core::clock::{Timer, TokioTimer};

    TokioTimer.sleep(duration).await;
}

fn judged(value: Value) -> Result<Value, Failed> {
    let Value::ServerError(error) = value else { return Ok(value) };
    let (code, words) = (error.code(), error.details().unwrap_or_default());
    let said = Said::of(code, words);
    let error = said.error(code, words);
    Err(Failed::Said { said, error })
}

fn full(_: Full) -> Failed {
    lost(ErrorKind::Overloaded, "the server owes too many answers")
}

fn lost(kind: ErrorKind, words: &'static str) -> Failed {
    Failed::Lost(RedisError::new(kind, words))
}
