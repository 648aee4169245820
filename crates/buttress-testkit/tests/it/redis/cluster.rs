use buttress_testkit::redis::{Cluster, Engine, Reply, Server};

fn ok() -> Reply {
    Reply::Status("OK".into())
}

fn is(one: &Server, other: &Server) -> bool {
    one.address() == other.address()
}

/// Asked once, without waiting.
async fn all_is_well<'a>(nodes: impl IntoIterator<Item = &'a Server>) {
    for node in nodes {
        let info = node.command(["CLUSTER", "INFO"]).await.text();
        assert!(info.contains("cluster_state:ok"), "{info}");
    }
}

/// A primary that does not serve `slot`.
async fn another(cluster: &Cluster, slot: u16) -> &Server {
    let owner = cluster.primary_of(slot).await;
    let primaries = cluster.primaries().await;
    assert_eq!(primaries.len(), 3);
    primaries.into_iter().find(|primary| !is(primary, owner)).unwrap()
}

#[tokio::test]
async fn three_share_the_slots_and_each_is_copied() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).cluster().await;
        assert_eq!(cluster.addresses().len(), 6);
        all_is_well(cluster.nodes()).await;
        let mut owners = Vec::new();
        for slot in [0, 5_460, 5_461, 8_000, 10_921, 10_922, 16_383] {
            let primary = cluster.primary_of(slot).await;
            assert_eq!(primary.engine(), engine);
            assert_eq!(cluster.replicas_of(slot).await.len(), 1);
            owners.push(primary.address());
        }
        owners.dedup();
        assert_eq!(owners.len(), 3);
        for node in cluster.nodes() {
            assert_eq!(node.info("cluster", "cluster_enabled").await, "1");
        }
    }
}

#[tokio::test]
async fn a_killed_primary_is_replaced_and_comes_back_as_a_replica() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).password("secret").cluster().await;
        let slot = cluster.slot_of("key").await;
        let old = cluster.primary_of(slot).await;
        // Only who has written waits for what was written.
        let mut client = old.client().await.unwrap();
        assert_eq!(client.command(["SET", "key", "value"]).await.unwrap(), ok());
        assert_eq!(client.command(["WAIT", "1", "5000"]).await.unwrap(), Reply::Integer(1));

        assert!(is(cluster.kill_primary_of(slot).await, old));
        let new = cluster.successor(slot, old).await;
        assert!(!is(new, old));
        all_is_well(cluster.nodes().iter().filter(|node| !is(node, old))).await;
        assert_eq!(new.command(["GET", "key"]).await.text(), "value");
        assert_eq!(new.command(["SET", "key", "value"]).await, ok());

        old.restart().await;
        let moved = buttress_testkit::until::until("it to know its place", async || {
            let answer = old.command(["GET", "key"]).await;
            answer.text().starts_with("MOVED").then_some(answer)
        });
        let place = format!(" {slot} {}", new.address());
        assert!(moved.await.text().ends_with(&place));
    }
}

#[tokio::test]
async fn told_to_a_replica_takes_over() {
    let cluster = Cluster::start().await;
    let old = cluster.primary_of(0).await;
    let new = cluster.fail_over(0).await;
    assert!(!is(old, new) && is(cluster.primary_of(0).await, new));
    assert_eq!(old.info("replication", "role").await, "slave");
}

#[tokio::test]
async fn a_slot_moves_with_its_keys() {
    for engine in Engine::all() {
        let cluster = Server::builder().engine(engine).password("secret").cluster().await;
        let slot = cluster.slot_of("{tag}").await;
        let (old, new) = (cluster.primary_of(slot).await, another(&cluster, slot).await);
        assert_eq!(old.command(["SET", "{tag}:there", "value"]).await, ok());

        cluster.begin_move(slot, new).await;
        assert_eq!(old.command(["GET", "{tag}:there"]).await.text(), "value");
        let asked = old.command(["GET", "{tag}:new"]).await.text();
        assert_eq!(asked, format!("ASK {slot} {}", new.address()));

        cluster.finish_move(slot, new).await;
        assert!(is(cluster.primary_of(slot).await, new));
        let moved = old.command(["GET", "{tag}:there"]).await.text();
        assert_eq!(moved, format!("MOVED {slot} {}", new.address()));
        assert_eq!(new.command(["GET", "{tag}:there"]).await.text(), "value");
    }
}

/// They copy, fail over and move slots as others do, and tell where TLS is spoken.
#[tokio::test]
async fn over_tls_it_is_a_cluster_too() {
    for engine in Engine::all() {
        let builder = Server::builder().engine(engine).password("secret").tls();
        let cluster = builder.cluster().await;
        for node in cluster.nodes() {
            assert_eq!(node.tls_address(), Some(node.address()));
            assert_eq!(node.url(), format!("rediss://:secret@{}", node.address()));
        }
        let slot = cluster.slot_of("key").await;
        let old = cluster.primary_of(slot).await;
        assert_eq!(old.command(["SET", "key", "value"]).await, ok());
        let new = another(&cluster, slot).await;
        cluster.move_slot(slot, new).await;
        let moved = old.command(["GET", "key"]).await.text();
        assert_eq!(moved, format!("MOVED {slot} {}", new.address()));
        let newer = cluster.fail_over(slot).await;
        assert_eq!(newer.command(["GET", "key"]).await.text(), "value");
    }
}
