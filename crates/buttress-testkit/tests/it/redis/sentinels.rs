use buttress_testkit::redis::{Engine, Reply, Sentinels, Server};
use buttress_testkit::until::until;

async fn role(server: &Server) -> String {
    server.info("replication", "role").await
}

fn is(one: &Server, other: &Server) -> bool {
    one.address() == other.address()
}

#[tokio::test]
async fn they_watch_a_master_with_two_replicas() {
    for engine in Engine::all() {
        let trio = Server::builder().engine(engine).sentinels().await;
        let master = trio.master().await;
        assert_eq!(master.engine(), engine);
        assert_eq!(role(master).await, "master");
        let replicas = trio.nodes().iter().filter(|node| !is(node, master));
        for replica in replicas {
            assert_eq!(role(replica).await, "slave");
        }
        assert_eq!(master.info("replication", "connected_slaves").await, "2");
        assert_eq!(trio.addresses().len(), 3);
        for sentinel in trio.sentinels() {
            let quorum = sentinel.command(["SENTINEL", "CKQUORUM", Sentinels::NAME]).await;
            assert!(quorum.text().starts_with("OK 3 usable"), "{quorum:?}");
        }
    }
}

#[tokio::test]
async fn told_to_they_fail_over_and_the_old_master_follows() {
    for engine in Engine::all() {
        let trio = Server::builder().engine(engine).password("secret").sentinels().await;
        let old = trio.master().await;
        let new = trio.fail_over().await;
        assert!(!is(old, new) && is(trio.master().await, new));
        assert_eq!((role(old).await, role(new).await), ("slave".into(), "master".into()));
        let refused = old.command(["SET", "key", "value"]).await;
        assert!(refused.text().starts_with("READONLY"), "{refused:?}");
        assert_eq!(new.command(["SET", "key", "value"]).await, Reply::Status("OK".into()));
    }
}

#[tokio::test]
async fn a_killed_master_is_replaced_and_comes_back_claiming_to_be_one() {
    let trio = Sentinels::start().await;
    let old = trio.master().await;
    // Only who has written waits for what was written.
    let mut client = old.client().await.unwrap();
    let written = client.command(["SET", "key", "value"]).await.unwrap();
    assert_eq!(written, Reply::Status("OK".into()));
    until("both replicas to have it", async || {
        let have = client.command(["WAIT", "2", "1000"]).await.unwrap();
        (have == Reply::Integer(2)).then_some(())
    })
    .await;
    old.kill();
    let new = trio.successor(old).await;
    assert_eq!(new.command(["GET", "key"]).await.text(), "value");
    old.restart().await;
    assert_eq!(role(old).await, "master");
    assert!(is(trio.master().await, new), "the sentinels know better");

    let mut client = old.client().await.unwrap();
    assert_eq!(client.command(["SET", "key", "lost"]).await.unwrap(), Reply::Status("OK".into()));
    trio.demote(old).await;
    assert!(client.command(["PING"]).await.is_err(), "its connections are closed");
    assert!(old.command(["SET", "key", "lost"]).await.text().starts_with("READONLY"));
}

#[tokio::test]
async fn a_frozen_master_is_replaced_and_thawed_it_still_takes_writes() {
    let trio = Sentinels::start().await;
    let old = trio.master().await;
    old.freeze();
    let new = trio.successor(old).await;
    old.thaw();
    assert_eq!(old.command(["SET", "key", "lost"]).await, Reply::Status("OK".into()));
    assert_eq!(new.command(["GET", "key"]).await, Reply::Nil);
}

#[tokio::test]
async fn over_tls_they_watch_too() {
    for engine in Engine::all() {
        let builder = Server::builder().engine(engine).password("secret").tls();
        let trio = builder.sentinels().await;
        for server in trio.nodes().iter().chain(trio.sentinels()) {
            assert_eq!(server.tls_address(), Some(server.address()));
        }
        let old = trio.master().await;
        old.kill();
        let new = trio.successor(old).await;
        assert_eq!(new.command(["SET", "key", "value"]).await, Reply::Status("OK".into()));
        old.restart().await;
        trio.demote(old).await;
        until("the old one copies the new one", async || {
            (old.command(["GET", "key"]).await == Reply::Bulk(b"value".into())).then_some(())
        })
        .await;
    }
}
