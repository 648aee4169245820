use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::select;

use super::connection;
use super::faults::Door;
use super::shared::Shared;
use crate::port;

/// A port that no connection is given by chance, so that it can be bound again after it was closed.
pub(super) async fn bind() -> (SocketAddr, TcpListener) {
    loop {
        let address = port::local(port::free());
        if let Ok(listener) = TcpListener::bind(address).await {
            return (address, listener);
        }
    }
}

/// Accepts as the faults allow.
pub(super) async fn run(address: SocketAddr, listener: TcpListener, shared: Arc<Shared>) {
    let mut listener = Some(listener);
    let mut faults = shared.faults.subscribe();
    loop {
        let door = faults.borrow_and_update().door;
        match door {
            Door::Closed => listener = None,
            Door::Open | Door::Ignored if listener.is_none() => {
                let bound = TcpListener::bind(address).await;
                listener = Some(bound.expect("the port is still free"));
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

async fn accept(listener: Option<&TcpListener>) -> tokio::net::TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        if let Ok((client, _)) = listener.accept().await {
            return client;
        }
    }
}
