use std::fmt;
use std::time::Duration;

use deadpool_redis::{Connection, Manager, Pool, PoolError, Runtime, TimeoutType, Timeouts};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Value};
use tokio::time::timeout;

use crate::call::KeyName;
use crate::command::Command;
use crate::link::{login, refused};
use crate::location::Address;
use crate::said::Said;
use crate::settings::Checked;
use crate::{Argument, ErrorKind, Redis, RedisError, Reply, Script, Tag};

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
/// # Cost
///
/// Before each use the pool asks the connection whether it lives: a second round trip. A pool was measured at 19 to 38 %
/// of the calls a second of one shared connection. Use it for what waits, and
/// [`Redis::run`] for everything else.
#[derive(Clone)]
pub struct Blocking {
    redis: Redis,
    pool: Pool,
}

/// A call that is about to be made. Made by [`Blocking::command`] and [`Blocking::run`].
#[must_use = "nothing is asked until `within` is called"]
pub struct BlockingCall<'a> {
    blocking: &'a Blocking,
    command: Command,
}

impl Redis {
    /// Opens up to so many connections for calls that wait, when they are needed.
    ///
    /// # Errors
    ///
    /// Fails if that is none; or if the URL asks for TLS, which this pool would not speak as the settings say: hand
    /// [one](Self::blocking_by) in that does.
    pub fn blocking(&self, connections: usize) -> Result<Blocking, RedisError> {
        let refused = |words| RedisError::new(ErrorKind::Refused, words);
        if connections == 0 {
            return Err(refused("each call needs a connection".to_owned()));
        }
        if self.settings().location.tls {
            return Err(refused("TLS needs a pool that was made elsewhere".to_owned()));
        }
        Ok(self.blocking_by(pool(self.settings(), connections).map_err(refused)?))
    }

    /// The same with connections of a pool that was made elsewhere. It must have a runtime.
    #[must_use]
    pub fn blocking_by(&self, pool: Pool) -> Blocking {
        Blocking { redis: self.clone(), pool }
    }
}

impl Blocking {
    /// Prepares a command.
    pub fn command(&self, name: &'static str) -> BlockingCall<'_> {
        let mut command = Command::new();
        command.arg(name);
        BlockingCall { blocking: self, command }
    }

    /// Prepares a call of `script` about `tag`, with its source.
    pub fn run(&self, script: &Script, tag: impl Into<Tag>) -> BlockingCall<'_> {
        let mut command = Command::new();
        command.arg("EVAL").arg(script.source()).arg(script.endings().len());
        command.weigh(script.source().len());
        BlockingCall { blocking: self, command }.keys_of(script, tag)
    }

    async fn send(&self, command: Command, within: Duration) -> Result<Reply, RedisError> {
        let mut exclusive = Exclusive(Some(self.connection().await?));
        let Some(connection) = &mut exclusive.0 else {
            return Err(RedisError::new(ErrorKind::Unreachable, ""));
        };
        let connection: &mut MultiplexedConnection = &mut *connection;
        let answer = match timeout(within, connection.send_packed_command(&command)).await {
            Ok(Ok(Value::ServerError(error))) => {
                let (code, words) = (error.code(), error.details().unwrap_or_default());
                Err(Said::of(code, words).into_error(code, words))
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
    async fn connection(&self) -> Result<Connection, RedisError> {
        let Checked { connect_timeout, response_timeout, .. } = **self.redis.settings();
        let times = Timeouts {
            wait: Some(response_timeout),
            create: Some(connect_timeout),
            recycle: Some(response_timeout),
        };
        let all = connect_timeout + response_timeout * 2;
        match timeout(all, self.pool.timeout_get(&times)).await {
            Ok(got) => got.map_err(|error| unavailable(&error)),
            Err(_) => Err(RedisError::new(ErrorKind::Unreachable, "no connection in time")),
        }
    }
}

impl BlockingCall<'_> {
    /// Adds the keys that `script` has for `tag`.
    pub fn keys_of(mut self, script: &Script, tag: impl Into<Tag>) -> Self {
        let (prefix, tag) = (self.blocking.redis.prefix(), tag.into());
        for ending in script.endings() {
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
        let answer = self.blocking.send(self.command, time).await;
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

fn pool(settings: &Checked, connections: usize) -> Result<Pool, String> {
    let (connect, respond) = (settings.connect_timeout, settings.response_timeout);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(connect))
        .set_response_timeout(None);
    let manager = Manager::new_with_config(place(settings)?, config);
    Pool::builder(manager.map_err(|error| error.to_string())?)
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(respond))
        .create_timeout(Some(connect))
        .recycle_timeout(Some(respond))
        .build()
        .map_err(|error| error.to_string())
}

fn place(settings: &Checked) -> Result<ConnectionInfo, String> {
    let address = match &settings.location.address {
        Address::Tcp { host, port } => ConnectionAddr::Tcp(host.clone(), *port),
        Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
    };
    let place = address.into_connection_info().map_err(|error| error.to_string())?;
    let tcp = TcpSettings::default().set_nodelay(true);
    // To be answered is to be connected: without a question, a frozen server would look alive.
    let login = login(settings).set_lib_name(&settings.client_name, env!("CARGO_PKG_VERSION"));
    Ok(place.set_tcp_settings(tcp).set_redis_settings(login))
}

fn unavailable(error: &PoolError) -> RedisError {
    let (kind, words) = match error {
        PoolError::Timeout(TimeoutType::Wait) => (ErrorKind::Overloaded, "none is free".to_owned()),
        PoolError::Timeout(_) => (ErrorKind::Unreachable, "no connection in time".to_owned()),
        PoolError::Backend(error) => return refused(error),
        other => (ErrorKind::Refused, other.to_string()),
    };
    RedisError::new(kind, words)
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
