//! A small shop behind the wall: `cargo run --example storefront`, then follow what it prints.
//!
//! It needs nothing but itself; with `BUTTRESS_REDIS_URL` it counts its guests, and what they ask, with the shops of
//! its fleet. Every request gets an id, a trace and a real client address; every failure has one shape, in the format
//! that its client wants; nobody may ask too much; a bank that is down is left alone; health is told as it is; and it
//! stops without dropping anybody.

#[path = "storefront/fitting_room.rs"]
mod fitting_room;
#[path = "storefront/gifts.rs"]
mod gifts;
#[path = "storefront/guests.rs"]
mod guests;
#[path = "storefront/limits.rs"]
mod limits;
#[path = "storefront/payments.rs"]
mod payments;
#[path = "storefront/shop.rs"]
mod shop;
#[path = "storefront/tries.rs"]
mod tries;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use buttress::health::{Check, HealthChecks};
use buttress::prelude::*;
use buttress::redis::Redis;
use buttress::serve::{Phase, Server, Shutdown};
use buttress_examples::{Failure, Log, Options, try_all};

use self::guests::{Guests, OwnRedis};
use self::payments::Payments;
use self::shop::Stock;

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let options = Options::from_command_line()?;
    let log = Log::listen(options);
    let listener = buttress_examples::listen(options, &tries::tries()).await?;
    let address = listener.local_addr()?;
    println!("  # at the end\n  press Ctrl-C, or kill -TERM {}\n", std::process::id());

    // To try everything, there is a server that comes late, and may be lost.
    let own = options.smoke().then(OwnRedis::find).flatten();
    let url = own.as_ref().map(OwnRedis::url).or_else(|| std::env::var("BUTTRESS_REDIS_URL").ok());

    // ANCHOR: wall
    let redis = url.map(|url| Redis::builder(url).prefix("shop").build()).transpose()?;
    let limits = limits::limits(redis.as_ref()).await?;
    let guests = Guests::of(redis);
    let stock = Stock::default();
    let payments = Payments::open().await?;
    let health = HealthChecks::builder()
        .version(env!("CARGO_PKG_VERSION"))
        .check(stock.check().critical().every(Duration::from_millis(200)).fall(1))
        .checks(guests.check().map(|check| check.every(Duration::from_millis(200)).fall(1)))
        .check(Check::new(limits.clone()).degrading().every(Duration::from_millis(200)).fall(1))
        .check(payments.check().every(Duration::from_millis(200)).fall(1))
        .details_for_networks(["127.0.0.0/8"])
        .build()?;
    let checks = health.spawn();

    // On this machine anyone may play the proxy, so that the client's address can be tried.
    let wall = Inbound::builder()
        .trusted_proxies(["127.0.0.0/8", "::1"])
        .error_envelope(|envelope| envelope)
        .health(&health)
        .rate_limit(&limits)
        .build()?;
    let app = shop::routes(stock, guests, payments).merge(fitting_room::routes()?);
    let app = app.layer(wall.keep_body().leak());

    let server = Server::builder()
        .health(&health)
        .lead_time(Duration::from_secs(2)) // five, unless said otherwise: this one is impatient
        .on_drain(|| println!("told to stop: readiness says no from here on"))
        .hook("say goodbye", || async { println!("nobody is left") })
        .build()?;
    // ANCHOR_END: wall

    let smoke = options.smoke().then(|| {
        let tried = smoke(address, server.handle(), log.clone(), own);
        tokio::spawn(tried)
    });
    let report = server.serve(listener, app).await;
    println!("{report}");
    drop(checks);
    if let Some(smoke) = smoke {
        smoke.await??;
        tries::how_it_closed(&log)?;
    }
    Ok(report.exit_code())
}

/// Tries everything, then how the shop closes.
async fn smoke(
    address: SocketAddr,
    shutdown: Shutdown,
    log: Log,
    mut own: Option<OwnRedis>,
) -> Result<(), Failure> {
    let mut wrapped = None;
    let tried = async {
        if let Some(redis) = &mut own {
            try_all(address, tries::without_redis()).await?;
            redis.start()?;
            try_all(address, tries::with_redis()).await?;
        }
        try_all(address, tries::tries()).await?;
        tries::one_id_in_answer_and_log(address, &log).await?;
        tries::a_refusal_in_the_audit(&log)?;
        match own {
            Some(redis) => {
                try_all(address, tries::with_redis()).await?;
                drop(redis);
                try_all(address, tries::without_redis()).await?;
            }
            None => println!("not tried: `redis-server` is not installed, so it cannot be lost"),
        }
        wrapped = Some(tokio::spawn(try_all(address, tries::slow())));
        gifts::begun().await;
        shutdown.begin();
        try_all(address, tries::while_it_drains()).await
    };
    let tried = tried.await;
    // Whatever came of it, the shop closes now. Asked a second time it keeps no lead time; a third time would cut off
    // the last client, who may be about to leave.
    if shutdown.phase() == Phase::Serving {
        shutdown.begin();
    }
    shutdown.begin();
    tried?;
    if let Some(wrapped) = wrapped {
        wrapped.await??;
        if shutdown.phase() < Phase::Closing {
            return Err("the gift was wrapped before the shop closed".into());
        }
        println!("ok: who had asked before was served to the end");
    }
    Ok(())
}
