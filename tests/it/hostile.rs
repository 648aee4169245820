//! Clients that hold on to a server are ended, and nobody suffers. (2,000 of them: `scripts/test --soak`.)

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use buttress::serve::Server;
use buttress_testkit::hostile::Attack;
use tokio::net::TcpListener;

use crate::load::attackers::withstand;
use crate::load::shop::Endless;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_attack_is_ended() {
    withstand(3, Duration::from_millis(500)).await;
}

/// What a slow reader leaves waits in the body: the system would take megabytes of it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_slow_reader_is_not_filled_up() {
    let endless = Endless::default();
    let (body, limit) = (endless.clone(), Duration::from_millis(200));
    let app = Router::new().route("/endless", get(|| async { Body::new(body) }));
    let server = Server::builder().stall_timeout(limit).lead_time(Duration::ZERO).signals(false);
    let server = server.build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), server.handle());
    let serving = tokio::spawn(server.serve(listener, app));

    Attack::SlowReader.run(address, limit).await;
    let taken = endless.0.load(Relaxed);
    assert!((16_384..1024 * 1024).contains(&taken), "{taken} bytes");
    shutdown.begin();
    let report = serving.await.unwrap();
    assert!(report.is_clean(), "{report}");
}
