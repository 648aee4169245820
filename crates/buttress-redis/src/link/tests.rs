use buttress_testkit::redis::Server;
use buttress_testkit::until::{DEADLINE, until};

use super::*;
use crate::RedisSettings;
use crate::tls::Given;

async fn connected(server: &Server) -> (Arc<Link>, Driver) {
    let settings = RedisSettings::from(server.url()).check(Given::default()).unwrap();
    let (link, driver) = connect(&settings.location.address, &settings).await.unwrap();
    (Arc::new(link), driver)
}

/// Whoever waits on a connection that is given up waits no longer, and the server sees its end.
#[tokio::test]
async fn without_its_driver_a_connection_ends_at_once() {
    let server = Server::start().await;
    let (link, driver) = connected(&server).await;
    server.freeze();
    let asking = tokio::spawn({
        let link = link.clone();
        async move { link.ask(&redis::cmd("PING"), DEADLINE * 10).await }
    });
    let sent = async || (!link.traffic.silent_for().is_zero()).then_some(());
    until("it is sent", sent).await;
    drop(driver);
    let asked = timeout(DEADLINE, asking).await.expect("it waits no longer").unwrap();
    let Err(Failed::Lost(error)) = asked else { panic!("{asked:?}") };
    assert_eq!(error.kind(), ErrorKind::Ambiguous, "{error}");
    server.thaw();
    let alone = async || (server.info("clients", "connected_clients").await == "1").then_some(());
    until("the one that asks is alone", alone).await;
}

/// As if somebody else had ended the task.
#[tokio::test]
async fn a_driver_that_was_aborted_is_noticed() {
    let server = Server::start().await;
    let (link, driver) = connected(&server).await;
    driver.0.abort();
    let reason = timeout(DEADLINE, link.watch(driver, DEADLINE)).await.expect("it is noticed");
    assert_eq!(reason, "it was closed");
    let asked = link.ask(&redis::cmd("PING"), DEADLINE).await;
    let Err(Failed::Lost(error)) = asked else { panic!("{asked:?}") };
    assert_eq!((error.kind(), error.may_have_run()), (ErrorKind::Unreachable, false));
}
