//! Processes that ask at the same time.

use buttress_ratelimit::{Charge, Quota};
use buttress_testkit::redis::Server;
use tokio::task::JoinSet;

use super::{Rig, connected, key, patient};

/// Two processes, each with its own connections and its own memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_quota() {
    let server = Server::start().await;
    let mut callers = JoinSet::new();
    for _ in 0..2 {
        let rig = Rig::strict(patient(connected(server.url()).await), Quota::per_day(1_000));
        for _ in 0..8 {
            let rig = rig.clone();
            callers.spawn(async move {
                let mut taken = 0;
                for _ in 0..100 {
                    let verdict = rig.take(&[Charge::new(0, key(7), 1)]).await;
                    taken += u32::from(verdict.is_taken());
                }
                taken
            });
        }
    }
    let taken: u32 = callers.join_all().await.into_iter().sum();
    assert_eq!(taken, 1_000);
}
