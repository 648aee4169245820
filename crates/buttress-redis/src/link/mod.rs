//! One connection, from its first byte to its end.

mod asking;
mod connect;
mod facts;
mod line;
mod stream;
mod traffic;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

pub(crate) use self::connect::{connect, dial, listen, login, refused};
pub(crate) use self::facts::Facts;
pub(crate) use self::line::Line;
pub(crate) use self::stream::Io;
use self::traffic::Traffic;
use crate::said::Said;
use crate::{ErrorKind, RedisError};

/// A connection that many calls share. It never asks twice, and never connects again: when it has ended, it is
/// replaced.
#[derive(Debug)]
pub(crate) struct Link {
    connection: MultiplexedConnection,
    traffic: Arc<Traffic>,
    facts: Facts,
    dead: Arc<AtomicBool>,
    condemned: Notify,
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
        let written = self.ready(within)?;
        let mut connection = self.connection.clone();
        self.judged(timeout(within, connection.send_packed_command(command)).await, written)
    }

    /// How much was written before, if there is any use in asking.
    fn ready(&self, within: Duration) -> Result<u64, Failed> {
        if self.dead.load(Acquire) {
            return Err(lost(ErrorKind::Unreachable, ""));
        }
        if within.is_zero() {
            return Err(lost(ErrorKind::TimedOut, ""));
        }
        Ok(self.traffic.written())
    }

    fn judged(
        &self,
        answer: Result<redis::RedisResult<Value>, Elapsed>,
        written: u64,
    ) -> Result<Value, Failed> {
        match answer {
            Ok(Ok(Value::ServerError(error))) => {
                let (code, words) = (error.code(), error.details().unwrap_or_default());
                let said = Said::of(code, words);
                let error = said.error(code, words);
                Err(Failed::Said { said, error })
            }
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.broken(&error, written)),
            Err(_) => Err(lost(ErrorKind::Ambiguous, "")),
        }
    }

    /// Begins to listen, if it was [made](listen) for that.
    pub(crate) async fn subscribe(
        &self,
        channels: &[&str],
        within: Duration,
    ) -> Result<(), RedisError> {
        let mut connection = self.connection.clone();
        match timeout(within, connection.subscribe(channels)).await {
            Ok(subscribed) => subscribed.map_err(|error| refused(&error)),
            Err(_) => Err(RedisError::new(ErrorKind::Unreachable, "no channel is confirmed")),
        }
    }

    /// The connection is of no use any more; whoever watches over it hears of it.
    fn broken(&self, error: &redis::RedisError, written: u64) -> Failed {
        let garbled = error.kind() == redis::ErrorKind::Parse;
        self.condemn();
        if garbled {
            return lost(ErrorKind::Protocol, "the answer is not RESP");
        }
        // Nothing was given to the system since before the call, so nothing of the call was.
        let sent = self.traffic.written() != written;
        let kind = if sent { ErrorKind::Ambiguous } else { ErrorKind::Unreachable };
        lost(kind, "the connection was lost")
    }

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
        let ping = redis::cmd("PING");
        loop {
            pause(look).await;
            if self.traffic.silent_for() >= patience {
                return;
            }
            if self.traffic.quiet_for() >= Duration::from_secs(1)
                && self.traffic.silent_for().is_zero()
            {
                // Whatever comes of it is seen in the traffic.
                let _ = self.ask(&ping, patience).await;
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

fn lost(kind: ErrorKind, words: &'static str) -> Failed {
    Failed::Lost(RedisError::new(kind, words))
}

#[cfg(test)]
mod tests {
    use buttress_testkit::redis::Server;
    use buttress_testkit::until::{DEADLINE, until};

    use super::*;
    use crate::RedisSettings;
    use crate::tls::Given;

    async fn connected(server: &Server) -> (Arc<Link>, Driver) {
        let settings = RedisSettings::from(server.url()).check(Given::default()).unwrap();
        let (link, driver) = connect(&settings.location.address, &settings).await.unwrap();
        (Arc::new(link), driver)
    }

    /// Whoever waits on a connection that is given up waits no longer, and the server sees its end.
    #[tokio::test]
    async fn without_its_driver_a_connection_ends_at_once() {
        let server = Server::start().await;
        let (link, driver) = connected(&server).await;
        server.freeze();
        let before = link.traffic.written();
        let asking = tokio::spawn({
            let link = link.clone();
            async move { link.ask(&redis::cmd("PING"), DEADLINE * 10).await }
        });
        let sent = async || (link.traffic.written() > before).then_some(());
        until("it is sent", sent).await;
        drop(driver);
        let asked = timeout(DEADLINE, asking).await.expect("it waits no longer").unwrap();
        let Err(Failed::Lost(error)) = asked else { panic!("{asked:?}") };
        assert_eq!(error.kind(), ErrorKind::Ambiguous, "{error}");
        server.thaw();
        let alone =
            async || (server.info("clients", "connected_clients").await == "1").then_some(());
        until("the one that asks is alone", alone).await;
    }

    /// As if somebody else had ended the task.
    #[tokio::test]
    async fn a_driver_that_was_aborted_is_noticed() {
        let server = Server::start().await;
        let (link, driver) = connected(&server).await;
        driver.0.abort();
        let reason = timeout(DEADLINE, link.watch(driver, DEADLINE)).await.expect("it is noticed");
        assert_eq!(reason, "it was closed");
        let asked = link.ask(&redis::cmd("PING"), DEADLINE).await;
        let Err(Failed::Lost(error)) = asked else { panic!("{asked:?}") };
        assert_eq!((error.kind(), error.may_have_run()), (ErrorKind::Unreachable, false));
    }
}
