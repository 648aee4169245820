//! Whoever asks at the same time is decided together, as if alone.

use buttress_core::engine::Degrade;
use buttress_ratelimit::{Charge, Quota, Source, Standing, Verdict};
use buttress_testkit::redis::{Engine, Server};
use tokio::task::JoinSet;

use super::places::{Place, servers};
use super::{Rig, connected, key, patient, record};

/// What each of them is told, in the order in which they asked: one thread runs them in turn.
async fn crowd(rig: &Rig, asked: Vec<Vec<Charge>>) -> Vec<Verdict> {
    let asked = asked.into_iter().map(|charges| {
        let rig = rig.clone();
        tokio::spawn(async move { rig.take(&charges).await })
    });
    let mut heard = Vec::new();
    for verdict in asked.collect::<Vec<_>>() {
        heard.push(verdict.await.unwrap());
    }
    heard
}

/// How often a server has run a script.
async fn scripts(server: &Server) -> u64 {
    let told = server.info("commandstats", "cmdstat_evalsha").await;
    let calls = told.strip_prefix("calls=").and_then(|told| told.split(',').next());
    calls.unwrap().parse().unwrap()
}

/// As many as there is room for: the first ones. The server has run a script for sixteen of them at a time.
#[tokio::test]
async fn a_crowd_has_what_there_is_and_each_his_answer() {
    for server in servers().await {
        let quotas = [
            (Quota::per_hour(1_000).burst(30), Degrade::Deny),
            (Quota::per_hour(1_000).burst(20), Degrade::Deny),
        ];
        let store = patient(connected(server.url()).await).remembered(0);
        let rig = Rig::new(store, &quotas);
        let (one, both) =
            ([Charge::new(0, key(1), 1)], [0, 1].map(|policy| Charge::new(policy, key(1), 1)));
        // It is brought.
        assert!(rig.look(&one).await.is_taken());
        let before = scripts(&server).await;
        let asked =
            (0..80).map(|number| if number % 2 == 0 { one.to_vec() } else { both.to_vec() });
        let heard = crowd(&rig, asked.collect()).await;
        let run = scripts(&server).await - before;
        // Every two seconds a process says that it is there, by a script of its own.
        assert!((5..=8).contains(&run), "{run} scripts for 80");
        let taken: Vec<_> = heard.iter().map(Verdict::is_taken).collect();
        assert_eq!(taken, (0..80).map(|number| number < 30).collect::<Vec<_>>());
        for (number, verdict) in heard.iter().take(30).enumerate() {
            let left: Vec<_> = verdict.standings().iter().map(Standing::remaining).collect();
            let number = u32::try_from(number).unwrap();
            assert_eq!(left[0], 29 - number);
            assert_eq!(left.get(1).copied(), (number % 2 == 1).then(|| 19 - number / 2));
        }
        // Nothing was taken of the second by those whom the first refused.
        let other = rig.look(&[Charge::new(1, key(1), 0)]).await;
        assert_eq!(other.standings()[0].remaining(), 5);
    }
}

/// What is no record of ours is no answer to whoever asked about it, and nobody else notices.
#[tokio::test]
async fn a_record_that_is_none_of_ours_harms_nobody_else() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let rig = Rig::new(
            patient(server.join().await),
            &[(Quota::per_hour(9), Degrade::Deny), (Quota::per_hour(9), Degrade::Deny)],
        );
        // Brought, or each would bring it himself, and alone.
        assert!(rig.look(&[Charge::new(0, key(0), 1)]).await.is_taken());
        let other = "\u{2}23456789";
        server.command(["SET", &record('g', key(1)), other]).await;
        server.command(["RPUSH", &record('g', key(2)), "x"]).await;
        let single = (0..4).map(|number| vec![Charge::new(0, key(number), 1)]);
        let both =
            (0..2).map(|number| [0, 1].map(|policy| Charge::new(policy, key(number), 1)).to_vec());
        let heard = crowd(&rig, single.chain(both).collect()).await;
        let sources: Vec<_> = heard.iter().map(|verdict| verdict.standings()[0].source()).collect();
        let (ours, none) = (Source::Store, Source::Denied);
        assert_eq!(sources, [ours, none, none, ours, ours, none]);
        assert_eq!(heard[4].standings()[0].remaining(), 7);
        let left = server.command(["GET", &record('g', key(1))]).await;
        assert_eq!(left.text(), other, "it is left as it is");
        // The other policy of whoever was not answered has not paid.
        let verdict = rig.look(&[Charge::new(1, key(1), 0)]).await;
        assert_eq!(verdict.standings()[0].remaining(), 9);
    }
}

/// As in memory; and nobody else notices.
#[tokio::test]
async fn whoever_asks_about_nothing_is_let_through() {
    let server = Server::start().await;
    let rig = Rig::strict(patient(connected(server.url()).await), Quota::per_hour(9));
    let one = || vec![Charge::new(0, key(1), 1)];
    assert!(rig.look(&one()).await.is_taken());
    let (one, other) = (one(), one());
    let (one, nothing, other) = tokio::join!(rig.take(&one), rig.look(&[]), rig.take(&other));
    assert!(nothing.is_taken() && rig.take(&[]).await.is_taken());
    let (one, other) = (one.standings()[0], other.standings()[0]);
    assert_eq!((one.source(), other.source()), (Source::Store, Source::Store));
    assert_eq!(one.remaining() + other.remaining(), 8 + 7);
}

/// Many processes, and in each of them many at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_of_several_processes_have_what_there_is() {
    let server = Server::start().await;
    let quotas = [(Quota::per_hour(1_000).burst(700), Degrade::Deny)];
    let mut crowds = JoinSet::new();
    for _ in 0..3 {
        let rig = Rig::new(patient(connected(server.url()).await).remembered(0), &quotas);
        for caller in 0..40 {
            let rig = rig.clone();
            crowds.spawn(async move {
                let mut taken = 0_u32;
                for _ in 0..20 {
                    taken += u32::from(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
                    // Some of them are about somebody else.
                    assert!(rig.take(&[Charge::new(0, key(2 + caller), 0)]).await.is_taken());
                }
                taken
            });
        }
    }
    let taken: u32 = crowds.join_all().await.into_iter().sum();
    // An hour gives a thousand: while the test runs, it may give a few more.
    assert!((700..=710).contains(&taken), "{taken}");
}
