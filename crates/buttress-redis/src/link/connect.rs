use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use buttress_core::clock::TokioClock;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::greet::{greet, greet_to_hear};
use super::stream::{Io, Stream};
use super::traffic::Traffic;
use super::{Driver, Ear, Facts, Link};
use crate::address::Address;
use crate::settings::Checked;
use crate::subscribe::Heard;
use crate::tls::Tls;
use crate::{ErrorKind, RedisError};

/// Connects, says who we are, and asks whom we have got: all of it within one deadline.
pub(crate) async fn connect(
    address: &Address,
    settings: &Checked,
) -> Result<(Link, Driver), RedisError> {
    connect_as(address, settings, |stream| greet(stream, settings)).await
}

/// The same, for a connection by which something is heard.
pub(crate) async fn listen(
    address: &Address,
    settings: &Checked,
    heard: Heard,
) -> Result<(Ear, Driver), RedisError> {
    connect_as(address, settings, |stream| greet_to_hear(stream, settings, heard)).await
}

async fn connect_as<C>(
    address: &Address,
    settings: &Checked,
    greet: impl AsyncFnOnce(Stream) -> Result<(C, Driver, Facts), RedisError>,
) -> Result<(Link<C>, Driver), RedisError> {
    let connecting = async {
        let traffic = Arc::new(Traffic::new(TokioClock::new()));
        let io = open(address, &settings.tls).await.map_err(|error| unreachable(&error))?;
        let (carrier, driver, facts) = greet(Stream::new(io, traffic.clone())).await?;
        if facts.replica {
            return Err(RedisError::new(ErrorKind::Unreachable, "it is a replica"));
        }
        let dead = Arc::new(AtomicBool::new(false));
        Ok((Link { carrier, traffic, facts, dead, condemned: Notify::new() }, driver))
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

fn unreachable(error: &io::Error) -> RedisError {
    RedisError::new(ErrorKind::Unreachable, error.to_string())
}
