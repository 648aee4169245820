//! What stands in Redis, and for how long.

use std::time::Duration;

use buttress_core::engine::Degrade;
use buttress_ratelimit::store::LimitStore;
use buttress_ratelimit::{Algorithm, Charge, Quota, Source};
use buttress_testkit::redis::{Engine, Reply, Server};

use super::{Rig, all, connected, first, key, patient, record};

fn kinds() -> [(char, Quota); 5] {
    let minute = Duration::from_secs(60);
    [
        ('g', Quota::per(minute, 6).burst(3)),
        ('f', Quota::per(minute, 3).algorithm(Algorithm::FixedWindow)),
        ('s', Quota::per(minute, 3).algorithm(Algorithm::SlidingCounter)),
        ('l', Quota::per(minute, 3).algorithm(Algorithm::SlidingLog)),
        ('c', Quota::at_once(3)),
    ]
}

/// All that is known of a record: `DUMP` has its bytes, and not its end.
async fn dump(server: &Server, name: &str) -> Reply {
    server.command(["DUMP", name]).await
}

/// What time it is for the server, in milliseconds.
async fn millis(server: &Server) -> i64 {
    let Reply::Array(parts) = server.command(["TIME"]).await else { panic!("no time") };
    let [seconds, micros] = &parts[..] else { panic!("{parts:?}") };
    let number = |part: &Reply| part.text().parse::<i64>().unwrap();
    number(seconds) * 1_000 + number(micros) / 1_000
}

/// A record is forgotten by the server when its key stands as if it had never asked, and not a second later.
#[tokio::test]
async fn records_end_by_themselves() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        for (kind, quota) in kinds() {
            let rig = Rig::strict(patient(connected(server.url()).await), quota);
            // Two takes of one. A bucket has an end ten seconds after another.
            let ends: &[u64] = match kind {
                'g' => &[10, 20],
                's' => &[120, 120],
                'c' => &[30, 30],
                _ => &[60, 60],
            };
            let began = millis(&server).await;
            for seconds in ends {
                assert!(rig.take(&[Charge::new(0, key(1), 1)]).await.is_taken());
                let asked = millis(&server).await;
                let left = server.command(["PTTL", &record(kind, key(1))]).await.integer();
                let now = millis(&server).await;
                // By the server's own clock: so long after a moment between the first take and now. It counts in whole
                // milliseconds, each time rounded.
                let end = i64::try_from(seconds * 1_000).unwrap();
                assert!(now + left + 2 >= began + end, "{kind}: {left} of {end}, since {began}");
                assert!(asked + left <= now + end + 2, "{kind}: {left} of {end}, at {now}");
            }
            let _ = rig.store.forget(&rig.limits, &all(&[Charge::new(0, key(1), 1)])).await;
            let exists = server.command(["EXISTS", &record(kind, key(1))]).await;
            assert_eq!(exists, Reply::Integer(0), "{kind}");
        }
    }
}

/// How many scripts a server has run.
async fn scripts(server: &Server) -> u64 {
    let told = server.info("commandstats", "cmdstat_evalsha").await;
    let calls = told.strip_prefix("calls=").and_then(|told| told.split(',').next());
    calls.unwrap().parse().unwrap()
}

/// Policies are decided in one round trip, however many there are, and of whatever kind.
#[tokio::test]
async fn one_script_decides_about_all_policies() {
    let server = Server::start().await;
    let kinds = kinds().map(|(_, quota)| (quota, Degrade::Deny));
    let rig = Rig::new(patient(connected(server.url()).await), &kinds);
    let charges =
        |count| (0..count).map(|policy| Charge::new(policy, key(1), 0)).collect::<Vec<_>>();
    for count in [1, 3, 5] {
        // Loads what is not known there yet.
        assert!(rig.look(&charges(count)).await.is_taken());
        assert!(rig.take(&charges(count)).await.is_taken());
        let before = scripts(&server).await;
        for _ in 0..20 {
            assert!(rig.take(&charges(count)).await.is_taken());
        }
        let run = scripts(&server).await - before;
        // Every two seconds a process says that it is there, by a script of its own.
        assert!((20..25).contains(&run), "{count} policies: {run}");
    }
}

#[tokio::test]
async fn a_refusal_and_a_look_write_nothing() {
    let server = Server::start().await;
    for (kind, quota) in kinds() {
        let store = patient(connected(server.url()).await).remembered(0);
        let rig = Rig::strict(store, quota);
        let charge = Charge::new(0, key(2), 1);
        assert!(rig.look(&[charge]).await.is_taken());
        assert_eq!(dump(&server, &record(kind, key(2))).await, Reply::Nil, "{kind}");
        assert!(rig.take(&[Charge::new(0, key(2), 3)]).await.is_taken());
        let before = dump(&server, &record(kind, key(2))).await;
        for _ in 0..3 {
            assert!(!rig.take(&[charge]).await.is_taken());
            assert!(!rig.look(&[charge]).await.is_taken());
        }
        assert_eq!(dump(&server, &record(kind, key(2))).await, before, "{kind}");
    }
}

/// What another release wrote under another version is not read, and stays.
#[tokio::test]
async fn versions_stand_side_by_side() {
    let server = Server::start().await;
    for (kind, quota) in kinds() {
        let rig = Rig::strict(patient(connected(server.url()).await), quota);
        let next = record(kind, key(3)).replace(":v1:", ":v2:");
        let _ = server.command(["SET", &next, "of the next release"]).await;
        for left in (0..3).rev() {
            let verdict = rig.take(&[Charge::new(0, key(3), 1)]).await;
            assert_eq!(first(&verdict), (left, Source::Store), "{kind}");
        }
        assert!(!rig.take(&[Charge::new(0, key(3), 1)]).await.is_taken());
        assert_eq!(server.command(["GET", &next]).await.text(), "of the next release");
    }
}

/// A record that makes no sense is left as it is, and decides nothing.
#[tokio::test]
async fn odd_records_are_no_answer() {
    let server = Server::start().await;
    let odd: [&[u8]; 5] = [b"", b"7", b"\x02\0\0\0\0\0\0\0\0", b"\x01", b"1 99999999999999 7"];
    for (kind, quota) in kinds() {
        let store = patient(connected(server.url()).await).remembered(0);
        let rig = Rig::strict(store, quota);
        for bytes in odd {
            // A set is no text, whatever the text says; and one byte is a log without an entry.
            if kind == 'l' && bytes == b"\x01" {
                continue;
            }
            let name = record(kind, key(4));
            let _ = server.command([b"SET", name.as_bytes(), bytes]).await.accepted();
            let verdict = rig.take(&[Charge::new(0, key(4), 1)]).await;
            assert!(!verdict.is_taken(), "{kind}");
            assert_eq!(first(&verdict).1, Source::Denied, "{kind} {bytes:?}");
            let left = server.command(["GET", &name]).await;
            assert_eq!(left, Reply::Bulk(bytes.to_vec()), "{kind}");
            let _ = server.command(["DEL", &name]).await;
        }
    }
}

/// Far ahead, as after a clock that was set back by a year: nobody is locked out for that long, and nobody is let
/// through either.
#[tokio::test]
async fn a_clock_that_was_set_back_locks_nobody_out() {
    let server = Server::start().await;
    let year = 366 * 86_400;
    for (kind, quota) in kinds().into_iter().filter(|(kind, _)| *kind != 'c') {
        let rig = Rig::strict(patient(connected(server.url()).await).remembered(0), quota);
        assert!(rig.take(&[Charge::new(0, key(5), 3)]).await.is_taken());
        let name = record(kind, key(5));
        let Reply::Bulk(mut bytes) = server.command(["GET", &name]).await else { panic!() };
        for place in 0..if kind == 'l' { 3 } else { 1 } {
            let at = 1 + 8 * place;
            let seconds = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) + year;
            bytes[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
        }
        let _ = server.command([b"SET", name.as_bytes(), &bytes]).await.accepted();
        let verdict = rig.take(&[Charge::new(0, key(5), 1)]).await;
        let Some((0, buttress_ratelimit::Retry::After(wait))) = verdict.refusal() else {
            panic!("{kind}: {verdict:?}")
        };
        assert!(wait <= Duration::from_secs(120), "{kind}: {wait:?}");
        let left = server.command(["PTTL", &name]).await.integer();
        assert!((1..=150_000).contains(&left), "it is mended, and ends: {kind} {left}");
    }
}

/// To mend a record is not to take of the others.
#[tokio::test]
async fn what_is_mended_by_a_refusal_is_that_alone() {
    let server = Server::start().await;
    let quota = (Quota::per_minute(6).burst(3), Degrade::Deny);
    let rig = Rig::new(patient(connected(server.url()).await).remembered(0), &[quota, quota]);
    let (ahead, fresh) = (Charge::new(0, key(6), 1), Charge::new(1, key(6), 1));
    let name = record('g', key(6));
    let _ = server.command([b"SET", name.as_bytes(), b"\x01\xff\xff\0\0\0\0\0\0"]).await.accepted();
    let verdict = rig.take(&[ahead, fresh]).await;
    assert_eq!(verdict.refusal().map(|(at, _)| at), Some(0));
    assert!((1..=100_000).contains(&server.command(["PTTL", &name]).await.integer()));
    let other = name.replace("policy-0", "policy-1");
    assert_eq!(server.command(["EXISTS", &other]).await, Reply::Integer(0));
    assert_eq!(rig.look(&[fresh]).await.standings()[0].remaining(), 3);
}

/// As it stands in the settings of a program that serves several shops.
#[tokio::test]
async fn sets_of_one_name_count_together_wherever_it_comes_from() {
    let server = Server::start().await;
    let store = async || patient(connected(server.url()).await);
    let rig = |store| Rig::strict(store, Quota::per_hour(3));
    let (one, two) =
        (rig(store().await.named(format!("shop-{}", 7))), rig(store().await.named("shop-7")));
    let other = rig(store().await.named(String::from("shop-8")));
    let charge = [Charge::new(0, key(1), 1)];
    assert_eq!(first(&one.take(&charge).await), (2, Source::Store));
    assert_eq!(first(&two.take(&charge).await), (1, Source::Store));
    assert_eq!(first(&other.take(&charge).await), (2, Source::Store));
    let name = format!("test:limit:v1:{{shop-7}}:g:policy-0:{}", key(1));
    assert_eq!(server.command(["EXISTS", &name]).await, Reply::Integer(1));
}
