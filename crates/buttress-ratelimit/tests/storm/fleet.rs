//! Redis breaks again and again, at random, and what is admitted stays within what is stated: more than a million
//! requests are counted.

use std::time::Duration;

use buttress_core::Keyer;
use buttress_core::clock::{Clock, SystemClock, Timer, TokioTimer};
use buttress_core::engine::Degrade;
use buttress_testkit::redis::{Sentinels, Server};

use crate::chance::Chance;
use crate::crowd::{Crowd, Process, Rules, forget_all};

/// So many requests, at least.
const REQUESTS: u64 = 1_000_000;

/// What befalls a server.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Frozen,
    Killed,
    ScriptsFlushed,
    ClientsPaused,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_breaks() {
    let mut chance = Chance::new();
    let (mut asked, ends) = (0, SystemClock.now() + Chance::time());
    for round in 0_u64.. {
        if asked >= REQUESTS && SystemClock.now() >= ends {
            break;
        }
        let degrade = [Degrade::Deny, Degrade::Local][chance.below(2)];
        let rules = Rules::ALL[chance.below(Rules::ALL.len())];
        let server = Server::start().await;
        let processes = Process::two(&server.url(), rules, degrade).await;
        for _ in 0..10 {
            let key = Keyer::random().writer().key();
            let crowd = Crowd::of(&processes, key);
            pause(&mut chance, 200).await;
            let blow = [Blow::Frozen, Blow::Killed, Blow::ScriptsFlushed, Blow::ClientsPaused];
            let blow = blow[chance.below(4)];
            strike(&server, blow, &mut chance).await;
            processes[0].is_refused(key).await;
            let counted = crowd.settle().await;
            println!("{round}: {rules:?}, {degrade}, {blow:?}: {counted:?}");
            counted.assert_within(rules, u32::from(matches!(blow, Blow::Killed)), degrade);
            asked += counted.asked;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_fail_over() {
    let (mut chance, mut asked, mut most) = (Chance::new(), 0, 0);
    // Each of the rules at least once.
    for turn in 0_usize.. {
        if asked >= REQUESTS && turn >= Rules::ALL.len() {
            break;
        }
        let rules = Rules::ALL[turn % Rules::ALL.len()];
        let trio = Sentinels::start().await;
        let places: Vec<_> = trio.addresses().iter().map(ToString::to_string).collect();
        let url = format!("redis+sentinel://{}/{}", places.join(","), Sentinels::NAME);
        let processes = Process::two(&url, rules, Degrade::Deny).await;
        let key = Keyer::random().writer().key();
        let crowd = Crowd::of(&processes, key);
        pause(&mut chance, 500).await;
        // Every other time one takes over that had heard of nothing.
        let forgets = chance.below(2) == 0;
        if forgets {
            processes[0].is_refused(key).await;
            forget_all(&trio).await;
        }
        let _ = trio.fail_over().await;
        processes[0].is_refused(key).await;
        let counted = crowd.settle().await;
        let beyond = counted.beyond();
        println!("failed over, {rules:?}, forgot {forgets}: {beyond} beyond, {counted:?}");
        counted.assert_within(rules, 1, Degrade::Deny);
        (asked, most) = (asked + counted.asked, most.max(beyond));
    }
    println!("{asked} requests, {most} beyond the quota of a key at most");
    assert!(most > 0, "something was lost, and was counted");
}

async fn strike(server: &Server, blow: Blow, chance: &mut Chance) {
    match blow {
        Blow::Frozen => {
            server.freeze();
            pause(chance, 1_000).await;
            server.thaw();
        }
        Blow::Killed => {
            server.kill();
            pause(chance, 500).await;
            server.restart().await;
        }
        Blow::ScriptsFlushed => {
            for _ in 0..20 {
                server.flush_scripts().await;
                pause(chance, 10).await;
            }
        }
        Blow::ClientsPaused => {
            let time = Duration::from_millis(100 + u64::try_from(chance.below(500)).unwrap());
            server.pause_clients(time).await;
        }
    }
}

async fn pause(chance: &mut Chance, most: usize) {
    let millis = u64::try_from(chance.below(most)).unwrap();
    TokioTimer.sleep(Duration::from_millis(millis)).await;
}
