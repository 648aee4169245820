//! The clients that a server is for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use buttress::clock::{Clock, SystemClock};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Failure;

const CLIENTS: usize = 20;
const EVERY: Duration = Duration::from_millis(10);

/// How long each request took, and how many failed.
pub(crate) async fn honest(address: SocketAddr, lasts: Duration) -> (Vec<Duration>, usize) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(address, stop.clone()));
    }
    // The attackers need a moment to arrive; what was measured meanwhile counts all the same.
    let mut end = interval(lasts);
    end.tick().await;
    end.tick().await;
    stop.store(true, Relaxed);
    let (mut latencies, mut failed) = (Vec::new(), 0);
    while let Some(client) = clients.join_next().await {
        match client {
            Ok((mut seen, broken)) => {
                latencies.append(&mut seen);
                failed += broken;
            }
            Err(_) => failed += 1,
        }
    }
    (latencies, failed)
}

async fn client(address: SocketAddr, stop: Arc<AtomicBool>) -> (Vec<Duration>, usize) {
    let (mut latencies, mut failed) = (Vec::new(), 0);
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.load(Relaxed) {
        let connected = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            Ok::<_, Failure>(sender)
        };
        let Ok(mut sender) = connected.await else {
            failed += 1;
            continue;
        };
        while !stop.load(Relaxed) && sender.ready().await.is_ok() {
            turns.tick().await;
            let began = SystemClock.now();
            match ask(&mut sender).await {
                Ok(()) => latencies.push(SystemClock.now() - began),
                Err(_) => failed += 1,
            }
        }
    }
    (latencies, failed)
}

async fn ask(sender: &mut http1::SendRequest<Full<Bytes>>) -> Result<(), Failure> {
    let request = Request::get("/").header("host", "test").body(Full::default())?;
    sender.send_request(request).await?.into_body().collect().await?;
    Ok(())
}
