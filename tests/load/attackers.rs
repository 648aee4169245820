//! A crowd of hostile clients, and a few honest ones between them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress::serve::Server;
use buttress_testkit::hostile::Attack;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use super::clients::{self, Tally};
use super::shop::shop;

/// Attacks `each` times in every way, at once. Fails if an attack is not ended, or an honest request fails.
pub(crate) async fn withstand(each: usize, limit: Duration) {
    let listener = listen();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .uncounted_addresses(["127.0.0.0/8"])
        .header_read_timeout(limit)
        .keep_alive_idle(limit)
        .stall_timeout(limit)
        .min_bytes_per_second(1_000)
        .lead_time(Duration::ZERO)
        .signals(false)
        .build()
        .unwrap();
    let shutdown = server.handle();
    let serving = tokio::spawn(server.serve(listener, shop()));
    let tally = Arc::new(Tally::default());
    let mut honest = JoinSet::new();
    for _ in 0..4 {
        let (one, two) = (tally.clone(), tally.clone());
        honest.spawn(async move { clients::http1(address, &one).await });
        honest.spawn(async move { clients::http2(address, &two).await });
    }
    let before = memory();
    let mut attacks = JoinSet::new();
    for attack in Attack::ALL {
        for _ in 0..each {
            attacks.spawn(async move {
                attack.run(address, limit / 10).await;
                attack
            });
        }
    }
    let mut left = std::collections::HashMap::from(Attack::ALL.map(|attack| (attack, each)));
    let mut most = before;
    let all = async {
        while let Some(ended) = attacks.join_next().await {
            *left.get_mut(&ended.unwrap()).unwrap() -= 1;
            most = most.max(memory());
        }
    };
    // Each limit may follow upon another, and the machine may be busy.
    let ended = tokio::time::timeout(limit * 10 + Duration::from_secs(30), all).await;
    left.retain(|_, count| *count > 0);
    assert!(ended.is_ok(), "these were not ended: {left:?}");
    tally.stop.store(true, Relaxed);
    honest.join_all().await;
    let failures = tally.failures.lock().clone();
    assert!(failures.is_empty(), "{failures:#?}");
    shutdown.begin();
    let report = serving.await.unwrap();
    assert!(report.is_clean(), "{report}");
    let grown = most.saturating_sub(before);
    let attacks = each * Attack::ALL.len();
    // Both ends of each connection live in this process.
    assert!(
        grown < 64 * 1024 * 1024 + attacks * 128 * 1024,
        "{grown} bytes for {attacks} attackers"
    );
    let answered = tally.served.load(Relaxed);
    assert!(answered > 0);
    println!("{attacks} attackers ended, {answered} honest requests served, {grown} bytes at most");
}

/// With room for all of them in the system's queue. One that finds it full may be forgotten (SYN cookies): it takes
/// itself for connected, but no server knows of it, so none can end it.
fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    socket.listen(4_096).unwrap()
}

/// What this process has in memory, as far as the system tells.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4_096
}
