//! Services that ask each other come back.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use buttress_core::Health;
use buttress_core::clock::TokioTimer;
use buttress_core::stage::Stage;
use buttress_health::{Check, CheckStatus, HealthChecks, Status};
use buttress_testkit::log::Log;
use buttress_testkit::raw::Connection;
use http::Request;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{Dependency, ask};

/// A service with a name, at an address of its own, that asks others.
struct Instance {
    health: HealthChecks,
    address: SocketAddr,
    listener: Option<TcpListener>,
    running: JoinSet<()>,
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn asks(name: &str, address: SocketAddr) -> Check {
    let url = format!("http://{address}/ready");
    Check::http(name, url).critical().every(Duration::from_millis(20))
}

fn instance(
    name: &str,
    (listener, address): (TcpListener, SocketAddr),
    checks: Vec<Check>,
) -> Instance {
    let health = HealthChecks::builder()
        .service(name)
        .insecure_details_for_everyone()
        .checks(checks)
        .build()
        .unwrap();
    Instance { health, address, listener: Some(listener), running: JoinSet::new() }
}

impl Instance {
    fn start(&mut self) {
        let app: Router = Router::new().layer(self.health.stage().layer());
        let listener = self.listener.take().unwrap();
        self.running.spawn(async move { axum::serve(listener, app).await.unwrap() });
        for task in self.health.tasks(&TokioTimer) {
            self.running.spawn(task);
        }
    }

    async fn until(&self, wanted: impl Fn(&HealthChecks) -> bool) {
        let mut changes = self.health.subscribe();
        let waiting = async {
            while !wanted(&self.health) {
                changes.changed().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        in_time.unwrap_or_else(|_| panic!("{:?}", self.health.report()));
    }
}

fn status(health: &HealthChecks, check: &str) -> CheckStatus {
    health.report().check(check).unwrap().status()
}

#[tokio::test]
async fn two_that_wait_for_each_other_come_back() {
    let (a, b) = (listener().await, listener().await);
    let disk = Dependency::new(Health::down("full"));
    let own = disk.check("disk").every(Duration::from_millis(20));
    let mut shop = instance("shop", (a.0, a.1), vec![asks("stock", b.1), own]);
    let mut stock = instance("stock", b, vec![asks("shop", a.1)]);
    shop.start();
    stock.start();

    // The disk takes the shop down, and the shop the stock; and so the stock the shop, for ever.
    stock.until(|health| status(health, "shop") == CheckStatus::Down).await;
    assert_eq!(stock.health.status(), Status::Down);
    disk.set(Health::up());
    shop.until(|health| health.status() == Status::Ok).await;
    stock.until(|health| health.status() == Status::Ok).await;

    // Asked by the shop, the stock does not count on the shop; asked by others, it does.
    disk.set(Health::down("full"));
    stock.until(|health| health.status() == Status::Down).await;
    let via = |name| Request::get("/ready").header("x-health-via", name).body(()).unwrap();
    let by_shop = ask(&stock.health, via("shop"));
    assert_eq!((by_shop.status(), by_shop.word()), (200, "ok".into()));
    assert_eq!(by_shop.json()["checks"][0]["status"], "circular");
    assert_eq!(by_shop.header("x-health-through"), Some("stock, shop"));
    let by_other = ask(&stock.health, via("else"));
    assert_eq!((by_other.status(), by_other.word()), (503, "down".into()));
    assert_eq!(ask(&stock.health, crate::support::get("/ready")).header("x-health-through"), None);
}

#[tokio::test]
async fn one_that_asks_itself_does_not_count_on_itself() {
    let log = Log::default();
    let _listening = log.listen();
    let (own, address) = listener().await;
    // Nothing else changes, so that who waits for a run is woken by this.
    let ticks = std::sync::atomic::AtomicBool::new(false);
    let tick = Check::of("tick", move || {
        let is_up = ticks.fetch_xor(true, std::sync::atomic::Ordering::Relaxed);
        async move { if is_up { Health::up() } else { Health::down("tock") } }
    });
    let tick = tick.informational().every(Duration::from_millis(20));
    let mut shop = instance("shop", (own, address), vec![asks("myself", address), tick]);
    assert_eq!(shop.health.status(), Status::Starting);
    shop.start();
    shop.until(|health| health.status() == Status::Ok).await;
    assert_eq!(status(&shop.health, "myself"), CheckStatus::Circular);

    // It may be another service that was given the same name, so somebody should hear of it: once.
    let seen = |health: &HealthChecks| health.report().check("myself").unwrap().last_success();
    for _ in 0..3 {
        let before = seen(&shop.health);
        shop.until(|health| seen(health) != before).await;
    }
    let told = log.take();
    let told =
        told.iter().filter(|line| line.contains("answers with this service's own name")).count();
    assert_eq!(told, 1);
}

/// Each leaves out for its asker the check through which the circle goes.
#[tokio::test]
async fn three_in_a_circle_come_back() {
    let (a, b, c) = (listener().await, listener().await, listener().await);
    let disk = Dependency::new(Health::down("full"));
    let own = disk.check("disk").every(Duration::from_millis(20));
    let mut shop = instance("shop", (a.0, a.1), vec![asks("stock", b.1), own]);
    let mut stock = instance("stock", (b.0, b.1), vec![asks("prices", c.1)]);
    let mut prices = instance("prices", c, vec![asks("shop", a.1)]);
    for instance in [&mut shop, &mut stock, &mut prices] {
        instance.start();
    }

    prices.until(|health| status(health, "shop") == CheckStatus::Down).await;
    disk.set(Health::up());
    for instance in [&shop, &stock, &prices] {
        instance.until(|health| health.status() == Status::Ok).await;
    }

    // The stock asks who asks the shop, and the shop asks the stock: so it does not hear of the shop's disk.
    disk.set(Health::down("full"));
    for instance in [&shop, &prices] {
        instance.until(|health| health.status() == Status::Down).await;
    }
    let via = |name| Request::get("/ready").header("x-health-via", name).body(()).unwrap();
    let by_stock = ask(&prices.health, via("stock"));
    assert_eq!((by_stock.status(), by_stock.word()), (200, "ok".into()));
    assert_eq!(by_stock.json()["checks"][0]["status"], "circular");
    assert_eq!(ask(&prices.health, via("else")).status(), 503);
    assert_eq!(stock.health.status(), Status::Ok);
}

#[tokio::test]
async fn a_hop_header_may_hold_anything() {
    let own = listener().await;
    let mut shop = instance("shop", own, vec![asks("gone", SocketAddr::from(([127, 0, 0, 1], 1)))]);
    shop.start();
    let many = vec!["a"; 10_000].join(",");
    for via in ["", ",,,", "\"", "a b", &"x".repeat(5_000), &many] {
        let mut client = Connection::connect(shop.address).await;
        client.send(format!("GET /ready HTTP/1.1\r\nhost: a\r\nx-health-via: {via}\r\n\r\n")).await;
        assert_eq!(client.response().await.status(), 503);
    }
}

/// What leads home as long as it answers may break all the same.
#[tokio::test]
async fn one_that_leads_home_no_longer_counts_again() {
    for hangs in [false, true] {
        let (entrance, address) = listener().await;
        let check = asks("entrance", address).deadline(Duration::from_millis(200));
        let mut shop = instance("shop", listener().await, vec![check]);
        shop.start();
        let mut once = JoinSet::new();
        once.spawn(async move {
            let (mut stream, _) = entrance.accept().await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nx-health-through: shop\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            if hangs {
                std::future::pending::<()>().await;
            }
        });
        shop.until(|health| status(health, "entrance") == CheckStatus::Circular).await;
        shop.until(|health| status(health, "entrance") == CheckStatus::Down).await;
        assert_eq!(shop.health.status(), Status::Down);
    }
}
