use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use buttress_core::clock::TokioClock;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, ProtocolVersion, RedisConnectionInfo, Value};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::stream::{Io, Stream};
use super::traffic::Traffic;
use super::{Driver, Facts, Link};
use crate::address::Address;
use crate::said::quoted;
use crate::settings::Checked;
use crate::subscribe::Heard;
use crate::tls::Tls;
use crate::{ErrorKind, RedisError};

/// Connects, says who we are, and asks whom we have got: all of it within one deadline.
pub(crate) async fn connect(
    address: &Address,
    settings: &Checked,
) -> Result<(Link, Driver), RedisError> {
    connect_as(address, settings, None).await
}

/// The same, for a connection by which something is heard.
pub(crate) async fn listen(
    address: &Address,
    settings: &Checked,
    heard: Heard,
) -> Result<(Link, Driver), RedisError> {
    connect_as(address, settings, Some(heard)).await
}

async fn connect_as(
    address: &Address,
    settings: &Checked,
    heard: Option<Heard>,
) -> Result<(Link, Driver), RedisError> {
    let connecting = async {
        let traffic = Arc::new(Traffic::new(TokioClock::new()));
        let io = open(address, &settings.tls).await.map_err(|error| unreachable(&error))?;
        greet(Stream::new(io, traffic.clone()), traffic, settings, heard).await
    };
    let within = settings.connect_timeout;
    let late =
        || RedisError::new(ErrorKind::Unreachable, format!("no connection within {within:?}"));
    timeout(within, connecting).await.map_err(|_| late())?
}

/// A connection on which nothing was said yet.
pub(crate) async fn dial(address: &Address, tls: &Tls) -> Result<Stream, RedisError> {
    let io = open(address, tls).await.map_err(|error| unreachable(&error))?;
    Ok(Stream::new(io, Arc::new(Traffic::new(TokioClock::new()))))
}

async fn open(address: &Address, tls: &Tls) -> io::Result<Io> {
    match address {
        Address::Tcp { host, port } => {
            // Resolved anew each time: a name may have moved.
            let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            for found in lookup_host((host.as_str(), *port)).await? {
                match TcpStream::connect(found).await {
                    Ok(stream) => return tls.secure(tuned(stream)?, address).await,
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
        #[cfg(unix)]
        Address::Unix(path) => Ok(Io::Unix(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn tuned(stream: TcpStream) -> io::Result<Io> {
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(10))
        .with_interval(Duration::from_secs(3));
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(Io::Tcp(stream))
}

async fn greet(
    stream: Stream,
    traffic: Arc<Traffic>,
    settings: &Checked,
    heard: Option<Heard>,
) -> Result<(Link, Driver), RedisError> {
    // Its own time-outs and queues are off: ours are in front of it.
    let mut config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None)
        .set_pipeline_buffer_size(settings.in_flight.clamp(64, 16_384));
    let mut login = login(settings);
    if let Some(heard) = heard {
        // What is not an answer comes apart from answers, so calls and messages share a connection.
        login = login.set_protocol(ProtocolVersion::RESP3);
        config = config.set_push_sender(heard);
    }
    let connected = MultiplexedConnection::new_with_config(&login, stream, config).await;
    let (mut connection, driver) = connected.map_err(|error| refused(&error))?;
    let driver = Driver(tokio::spawn(driver));

    let mut questions = Pipeline::new();
    questions.cmd("CLIENT").arg("SETNAME").arg(&settings.client_name);
    questions.cmd("ROLE").cmd("INFO").arg("server").cmd("INFO").arg("memory").cmd("PING");
    let answers = connection.send_packed_commands(&questions, 0, 5).await;
    let answers = answers.map_err(|error| refused(&error))?;
    let [_, role, server, memory, pong] = &*answers else {
        return Err(RedisError::new(ErrorKind::Protocol, "the greeting was not answered"));
    };
    if let Value::ServerError(error) = pong {
        let words = quoted(error.code(), error.details().unwrap_or_default());
        return Err(RedisError::new(ErrorKind::Refused, words));
    }
    let facts = Facts::of(role, server, memory);
    if facts.replica {
        return Err(RedisError::new(ErrorKind::Unreachable, "it is a replica"));
    }
    let dead = Arc::new(AtomicBool::new(false));
    Ok((Link { connection, traffic, facts, dead, condemned: Notify::new() }, driver))
}

pub(crate) fn login(settings: &Checked) -> RedisConnectionInfo {
    let mut login =
        RedisConnectionInfo::default().set_db(settings.location.database).set_skip_set_lib_name();
    if let Some(user) = &settings.location.user {
        login = login.set_username(user);
    }
    if let Some(password) = &settings.location.password {
        login = login.set_password(password.expose());
    }
    login
}

fn unreachable(error: &io::Error) -> RedisError {
    RedisError::new(ErrorKind::Unreachable, error.to_string())
}

pub(crate) fn refused(error: &redis::RedisError) -> RedisError {
    let kind = if error.is_io_error() { ErrorKind::Unreachable } else { ErrorKind::Refused };
    RedisError::new(kind, error.to_string())
}
