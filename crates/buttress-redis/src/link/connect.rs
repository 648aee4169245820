use std::io;
use std::net::SocketAddr;
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
        let io = open(address, &settings.tls, settings.connect_timeout);
        let io = io.await.map_err(|error| unreachable(&error))?;
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
pub(crate) async fn dial(
    address: &Address,
    tls: &Tls,
    within: Duration,
) -> Result<Stream, RedisError> {
    let io = open(address, tls, within).await.map_err(|error| unreachable(&error))?;
    Ok(Stream::new(io, Arc::new(Traffic::new(TokioClock::new()))))
}

async fn open(address: &Address, tls: &Tls, within: Duration) -> io::Result<Io> {
    match address {
        Address::Tcp { host, port } => {
            // Resolved anew each time: a name may have moved.
            let found = lookup_host((host.as_str(), *port)).await?.collect();
            let stream =
                first(found, within, async |found| TcpStream::connect(found).await).await?;
            tls.secure(tuned(stream)?, address).await
        }
        #[cfg(unix)]
        Address::Unix(path) => Ok(Io::Unix(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The first address that takes a connection. Each but the last has its share of the time only: one that answers
/// nothing would take all of it otherwise, each time, from those that do.
async fn first<T>(
    addresses: Vec<SocketAddr>,
    within: Duration,
    connect: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let share = within / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let Some((last, others)) = addresses.split_last() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    };
    for address in others {
        if let Ok(Ok(connected)) = timeout(share, connect(*address)).await {
            return Ok(connected);
        }
    }
    connect(*last).await
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

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::future::pending;

    use super::*;

    /// As with a name that has an address of IPv6, where the network has none.
    #[tokio::test(start_paused = true)]
    async fn an_address_that_answers_nothing_is_not_waited_for_alone() {
        let addresses: Vec<_> =
            (1..=3).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
        let connect = async |address: SocketAddr| match address.port() {
            1 => pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        };
        let within = Duration::from_millis(30);
        let found = timeout(within, first(addresses.clone(), within, connect)).await;
        assert_eq!(found.expect("in time").unwrap(), 3);
        let refused = first(addresses[..2].to_vec(), within, connect).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused, "the last says why");
        let none = first(Vec::new(), within, connect).await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
    }
}
