//! Connections that came together do not end together.

use std::collections::BTreeSet;

use buttress_testkit::paused::pass;

use super::rig::{Rig, seconds, server};

#[tokio::test(start_paused = true)]
async fn connections_of_one_server_reach_different_ages() {
    let rig = Rig::of(server().max_connection_age(seconds(100)));
    let mut young: Vec<_> = (0..12).map(|_| rig.connect()).collect();
    let mut ages = BTreeSet::new();
    while !young.is_empty() {
        pass(seconds(1)).await;
        for mut client in std::mem::take(&mut young) {
            if client.get("/").await.contains("connection: close") {
                ages.insert(client.age());
            } else {
                young.push(client);
            }
        }
    }
    assert!(ages.iter().all(|age| (90..=111).contains(age)), "{ages:?}");
    assert!(ages.len() > 2, "{ages:?}");
    drop(rig);
}
