use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// So long an address is waited for alone, as RFC 8305 advises: then the next is tried beside it.
const ALONE: Duration = Duration::from_millis(250);

/// A connection to whichever of the addresses takes one.
pub(super) async fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    first(lookup_host(address).await?.collect(), TcpStream::connect).await
}

/// One that answers nothing (of IPv6, where the network has none) does not keep the others from being tried. Dropping
/// it drops all attempts.
async fn first<T, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut trying = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut untried = addresses.into_iter();
    loop {
        let tried = match untried.next() {
            Some(address) => {
                trying.spawn(connect(address));
                timeout(ALONE, trying.join_next()).await.ok()
            }
            None => Some(trying.join_next().await),
        };
        match tried {
            Some(Some(Ok(Ok(connected)))) => return Ok(connected),
            Some(Some(Ok(Err(error)))) => last = error,
            Some(None) => return Err(last),
            // It goes on beside the next, or its task was ended with the runtime.
            None | Some(Some(Err(_))) => {}
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::future::pending;

    use super::*;

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect()
    }

    /// 1 answers nothing, 2 refuses, 3 answers after a second.
    async fn connected(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => {
                buttress_testkit::paused::pass(Duration::from_secs(1)).await;
                Ok(port)
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_answers_nothing_is_not_waited_for_alone() {
        let within = Duration::from_secs(2);
        for ports in [&[1, 3][..], &[1, 2, 3], &[3, 1], &[2, 1, 1, 3, 2]] {
            let found = timeout(within, first(addresses(ports), connected)).await;
            assert_eq!(found.expect("in time").unwrap(), 3, "{ports:?}");
        }
        let refused = first(addresses(&[2, 2]), connected).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let none = first(Vec::new(), connected).await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
    }
}
