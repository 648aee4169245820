use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::select;

use super::connection;
use super::faults::Door;
use super::shared::Shared;
use crate::port;

/// A port for one proxy, whether it listens there or not: no connection is given it by chance, and no other test takes
/// it while connections are refused.
pub(super) struct Port {
    address: SocketAddr,
    _kept: TcpSocket,
}

impl Port {
    pub(super) fn take() -> (Self, TcpListener) {
        loop {
            let address = port::local(port::free());
            if let Ok(taken) = Self::at(address) {
                return taken;
            }
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    fn at(address: SocketAddr) -> io::Result<(Self, TcpListener)> {
        let kept = shared()?;
        kept.bind(address)?;
        let port = Self { address, _kept: kept };
        let listener = port.listen()?;
        Ok((port, listener))
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = shared()?;
        // Connections of before may still be about to end.
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        socket.listen(1_024)
    }
}

/// A socket that shares its port with others of this user that want to share it, and with nobody else.
fn shared() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    Ok(socket)
}

/// Accepts as the faults allow.
pub(super) async fn run(port: Port, listener: TcpListener, shared: Arc<Shared>) {
    let mut listener = Some(listener);
    let mut faults = shared.faults.subscribe();
    loop {
        let door = faults.borrow_and_update().door;
        match door {
            Door::Closed => listener = None,
            Door::Open | Door::Ignored if listener.is_none() => {
                listener = Some(port.listen().expect("the port was kept"));
            }
            Door::Open | Door::Ignored => {}
        }
        shared.door.send_replace(door);
        let open = listener.as_ref().filter(|_| door == Door::Open);
        select! {
            biased;
            // The proxy holds the sender, and ends this task.
            _ = faults.changed() => {}
            client = accept(open) => {
                tokio::spawn(connection::run(client, Arc::clone(&shared)));
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        if let Ok((client, _)) = listener.accept().await {
            return client;
        }
    }
}
