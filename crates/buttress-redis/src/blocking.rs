use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Connection, Pool, Timeouts};
use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use crate::call::KeyName;
use crate::command::Command;
use crate::pools::{Pools, unavailable};
use crate::said::Said;
use crate::settings::Checked;
use crate::{Argument, Ending, ErrorKind, Redis, RedisError, Reply, Script, Tag};

/// Calls that wait at the server, such as `BLPOP`: each has a connection to itself while it lasts, out of a pool of
/// `deadpool-redis`. On shared connections everybody else would wait too. Made by [`Redis::blocking`].
///
/// ```
/// use buttress_redis::{Redis, Script};
/// use std::time::Duration;
///
/// static PUSH: Script = Script::new("jobs", 1, "return redis.call('RPUSH', KEYS[1], ARGV[1])");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = buttress_testkit::redis::Server::start().await;
/// # let url = server.url();
/// let redis = Redis::builder(url).build()?;
/// redis.connected().await?;
/// let blocking = redis.blocking(4)?;
///
/// let _ = redis.run(&PUSH, "mails").arg("to ada").send().await?;
/// let call = blocking.command("BLPOP").keys_of(&PUSH, "mails").arg(5_u32);
/// let job = call.within(Duration::from_secs(6)).await?.into_list()?;
/// assert_eq!(job[1].bytes()?, b"to ada");
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// Nothing waits for ever: a free connection, its making and its check have their times, whatever the pool's own
/// are, and so has the answer. A call runs once. A connection whose answer did not come, or whose call was
/// dropped, is closed, so a command that still waits at the server ends with it.
///
/// Each call goes to the master of that moment, or in a cluster to the primary of its tag. It is not sent on: one that
/// comes while a slot moves is refused, and did not run.
///
/// # Cost
///
/// Before each use the pool asks the connection whether it lives: a second round trip. With 64 callers a pool of
/// sixteen connections made 22 to 25 % of the calls a second of one shared connection, at 23 to 26 µs of the client's
/// CPU for each beside 3.0 to 3.5 of [`Redis::run`]. Use it for what waits, and that for everything else.
#[derive(Clone)]
pub struct Blocking {
    redis: Redis,
    pools: Arc<Pools>,
}

/// A call that is about to be made. Made by [`Blocking::command`] and [`Blocking::run`].
#[must_use = "nothing is asked until `within` is called"]
pub struct BlockingCall<'a> {
    blocking: &'a Blocking,
    command: Command,
    tag: Option<Tag>,
}

impl Redis {
    /// Opens up to so many connections for calls that wait, when they are needed; in a cluster, to each primary.
    ///
    /// # Errors
    ///
    /// Fails if that is none; or if the URL asks for TLS, which this pool would not speak as the settings say: hand
    /// [one](Self::blocking_by) in that does.
    pub fn blocking(&self, connections: usize) -> Result<Blocking, RedisError> {
        let refused = |words| Err(RedisError::new(ErrorKind::Refused, words));
        if connections == 0 {
            return refused("each call needs a connection");
        }
        if self.settings().location.tls {
            return refused("TLS needs a pool that was made elsewhere");
        }
        Ok(Blocking { redis: self.clone(), pools: Arc::new(Pools::own(connections)) })
    }

    /// The same with connections of a pool that was made elsewhere, and that finds the right server itself. It must
    /// have a runtime.
    ///
    /// The one place where a type of another crate stands in this interface: [`Pool`] is that of `deadpool-redis` 0.23,
    /// and another version of it is another type. Without this method you are not bound to it.
    #[must_use]
    pub fn blocking_by(&self, pool: Pool) -> Blocking {
        Blocking { redis: self.clone(), pools: Arc::new(Pools::Given(pool)) }
    }
}

impl Blocking {
    /// Prepares a command.
    pub fn command(&self, name: &'static str) -> BlockingCall<'_> {
        let mut command = Command::new();
        command.arg(name);
        BlockingCall { blocking: self, command, tag: None }
    }

    /// Prepares a call of `script` about `tag`, with its source.
    pub fn run(&self, script: &Script, tag: impl Into<Tag>) -> BlockingCall<'_> {
        let mut command = Command::new();
        command.arg("EVAL").arg(script.source()).arg(script.endings().len());
        command.weigh(script.source().len());
        BlockingCall { blocking: self, command, tag: None }.keys_of(script, tag)
    }

    async fn send(
        &self,
        command: Command,
        tag: Option<Tag>,
        within: Duration,
    ) -> Result<Reply, RedisError> {
        let mut exclusive = Exclusive(Some(self.connection(tag).await?));
        let Some(connection) = &mut exclusive.0 else {
            return Err(RedisError::new(ErrorKind::Unreachable, ""));
        };
        let connection: &mut MultiplexedConnection = &mut *connection;
        let answer = match timeout(within, connection.send_packed_command(&command)).await {
            Ok(Ok(Value::ServerError(error))) => {
                let (code, words) = (error.code(), error.details().unwrap_or_default());
                let said = Said::of(code, words);
                if said.is_elsewhere() || said == Said::NotPrimary {
                    self.redis.way()?.lost();
                }
                Err(said.error(code, words))
            }
            Ok(Ok(value)) => Ok(Reply::new(value)),
            Ok(Err(error)) if error.kind() == redis::ErrorKind::Parse => {
                Err(RedisError::new(ErrorKind::Protocol, "the answer is not RESP"))
            }
            Ok(Err(_)) => Err(RedisError::new(ErrorKind::Ambiguous, "the connection was lost")),
            Err(_) => Err(RedisError::new(ErrorKind::Ambiguous, "")),
        };
        if answer.is_ok() {
            exclusive.give_back();
        }
        answer
    }

    /// One that is free, or can be made: in time, however many of those that are kept are dead.
    async fn connection(&self, tag: Option<Tag>) -> Result<Connection, RedisError> {
        let Checked { connect_timeout, response_timeout, .. } = **self.redis.settings();
        let times = Timeouts {
            wait: Some(response_timeout),
            create: Some(connect_timeout),
            recycle: Some(response_timeout),
        };
        let all = connect_timeout + response_timeout * 2;
        let connecting = async {
            let pool = self.pool(tag).await?;
            pool.timeout_get(&times).await.map_err(|error| unavailable(&error))
        };
        let late = |_| RedisError::new(ErrorKind::Unreachable, "no connection in time");
        timeout(all, connecting).await.map_err(late)?
    }

    /// That of the server for this tag.
    async fn pool(&self, tag: Option<Tag>) -> Result<Pool, RedisError> {
        let (connections, made) = match &*self.pools {
            Pools::Given(pool) => return Ok(pool.clone()),
            Pools::Own { connections, made } => (*connections, made),
        };
        let way = self.redis.way()?;
        let address = way.address(tag, RandomState::new().hash_one(0)).await;
        Pools::at(connections, made, &address, &way, self.redis.settings())
    }
}

impl BlockingCall<'_> {
    /// Adds the keys that `script` has for `tag`.
    pub fn keys_of(mut self, script: &Script, tag: impl Into<Tag>) -> Self {
        let (prefix, tag) = (self.blocking.redis.prefix(), tag.into());
        self.tag = Some(tag);
        for word in script.endings() {
            let ending = Ending::new(word);
            self.command.arg(KeyName { prefix, script, tag, ending });
        }
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Argument) -> Self {
        argument.add_to(&mut self.command);
        self
    }

    /// Asks, once, and waits for so long at most once there is a connection. Give it more than the command
    /// itself may wait.
    ///
    /// # Errors
    ///
    /// [`Overloaded`](ErrorKind::Overloaded) if no connection became free in time; else see [`ErrorKind`].
    pub async fn within(self, time: Duration) -> Result<Reply, RedisError> {
        let answer = self.blocking.send(self.command, self.tag, time).await;
        if let Err(error) = &answer {
            self.blocking.redis.meters().failed(error.kind());
        }
        answer
    }
}

/// A connection that is closed, and not given back, unless all went well.
struct Exclusive(Option<Connection>);

impl Exclusive {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        drop(self.0.take().map(Connection::take));
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("redis", &self.redis).finish_non_exhaustive()
    }
}

impl fmt::Debug for BlockingCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingCall").finish_non_exhaustive()
    }
}
