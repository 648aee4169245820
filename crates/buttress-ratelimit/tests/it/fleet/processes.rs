//! Real processes, of which one may die.

use buttress_ratelimit::Charge;
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;

use super::member::{Asks, CALLERS, MOST, Member, is_told};
use super::{Rig, key};

/// How much Redis has left of the policy that all share.
async fn left(rig: &Rig, policy: u8) -> u32 {
    rig.look(&[Charge::new(policy, key(9), 1)]).await.standings()[0].remaining()
}

#[tokio::test]
async fn two_processes_admit_one_quota() {
    if is_told().await {
        return;
    }
    let test = "fleet::processes::two_processes_admit_one_quota";
    let server = Server::start().await;
    let (mut one, mut other) = two(test, [Asks::One; 2], &server).await;
    one.asks(800);
    other.asks(800);
    one.is_done().await;
    other.is_done().await;
    assert_eq!(one.said().taken + other.said().taken, 1_000, "not one more, and not one less");
}

/// Each of them has 700 of its own, and they have a thousand together: what one policy refuses costs the other nothing.
#[tokio::test]
async fn two_processes_burn_nothing_of_a_set() {
    if is_told().await {
        return;
    }
    let test = "fleet::processes::two_processes_burn_nothing_of_a_set";
    let server = Server::start().await;
    let (mut one, mut other) = two(test, [Asks::Two(1), Asks::Two(2)], &server).await;
    one.asks(800);
    one.is_done().await;
    assert_eq!(one.said().taken, 700, "that is all of its own");
    one.asks(400);
    other.asks(800);
    other.is_done().await;
    one.is_done().await;
    assert_eq!(
        (one.said().taken, other.said().taken),
        (700, 300),
        "what it was refused cost nothing"
    );
    let rig = Asks::Two(2).rig(&server.url()).await;
    assert_eq!(rig.look(&[Charge::new(0, key(2), 1)]).await.standings()[0].remaining(), 400);
    assert_eq!(left(&rig, 1).await, 0);
}

/// In each span no more than Redis has counted within it, and as much as both may have held when it began.
#[tokio::test]
async fn two_processes_with_leases_admit_what_they_may_hold_beyond() {
    if is_told().await {
        return;
    }
    let test = "fleet::processes::two_processes_with_leases_admit_what_they_may_hold_beyond";
    let server = Server::start().await;
    let (mut one, mut other) = two(test, [Asks::Leased; 2], &server).await;
    let witness = Asks::Leased.rig(&server.url()).await;
    let (mut before, mut taken, mut beyond) = (left(&witness, 0).await, 0, 0);
    while before > 0 {
        one.asks(200);
        other.asks(200);
        one.is_done().await;
        other.is_done().await;
        let after = left(&witness, 0).await;
        let sum = one.said().taken + other.said().taken;
        let (here, there) = (sum - taken, before - after);
        assert!(here <= there + 2 * MOST, "{here} of {there}");
        assert!(here + 2 * MOST >= there, "nor is more taken in advance: {here} of {there}");
        beyond += here.saturating_sub(there);
        (taken, before) = (sum, after);
    }
    assert!(beyond > 0, "some were let through by what a span before had counted");
    let rest = async || {
        one.asks(CALLERS);
        other.asks(CALLERS);
        one.is_done().await;
        other.is_done().await;
        (one.said().taken + other.said().taken == 6_000).then_some(())
    };
    until("the last of them are let through, too", rest).await;
    assert!(one.said().leased + other.said().leased > 3_000, "most of all were leased");
}

/// One dies, and has tokens in advance: they are gone with it, and the other one gets all the rest.
#[tokio::test]
async fn one_process_that_is_killed_takes_no_more_along_than_it_may_hold() {
    if is_told().await {
        return;
    }
    let test = "fleet::processes::one_process_that_is_killed_takes_no_more_along_than_it_may_hold";
    let server = Server::start().await;
    let (mut one, mut other) = two(test, [Asks::Leased; 2], &server).await;
    one.asks(8_000);
    other.asks(8_000);
    until("it is in the middle of it", async || (one.said().leased >= 200).then_some(())).await;
    let dead = one.dies();
    assert!(dead.taken < 6_000 && other.said().taken < 6_000, "both were asking");
    other.is_done().await;
    let witness = Asks::Leased.rig(&server.url()).await;
    // What it was told and had no time to say is counted as lost, too.
    let most_lost = MOST + CALLERS;
    let accounted = async || {
        let sum = dead.taken + other.said().taken + left(&witness, 0).await;
        assert!(sum <= 6_000, "{sum}");
        (sum + most_lost >= 6_000).then_some(())
    };
    until("all but what it held is there", accounted).await;
}

/// What it held counts as used, and comes again when that does.
#[tokio::test]
async fn what_a_killed_process_held_comes_again_with_the_time() {
    if is_told().await {
        return;
    }
    let test = "fleet::processes::what_a_killed_process_held_comes_again_with_the_time";
    let server = Server::start().await;
    let witness = Asks::Refilled.rig(&server.url()).await;
    let mut one = Member::start(test, Asks::Refilled, &server.url()).await;
    one.asks(4_000);
    until("it has some in advance", async || (one.said().leased > 0).then_some(())).await;
    let _ = one.dies();
    let all = async || (left(&witness, 0).await == 200).then_some(());
    until("all of them are there again", all).await;
    let all = witness.take(&[Charge::new(0, key(9), 200)]).await;
    assert!(all.is_taken(), "{all:?}");
}

#[tokio::test]
async fn permits_of_a_killed_process_end_by_themselves() {
    if is_told().await {
        return;
    }
    let test = "fleet::processes::permits_of_a_killed_process_end_by_themselves";
    let server = Server::start().await;
    let rig = Asks::Permits.rig(&server.url()).await;
    let mut one = Member::start(test, Asks::Permits, &server.url()).await;
    one.asks(CALLERS);
    one.is_done().await;
    assert_eq!(one.said().taken, 3);
    assert!(!rig.take(&Asks::Permits.charges()).await.is_taken());
    assert_eq!(one.dies().taken, 3);
    let again = async || rig.take(&[Charge::new(0, key(9), 3)]).await.is_taken().then_some(());
    until("they are there again", again).await;
}

async fn two(test: &str, asks: [Asks; 2], server: &Server) -> (Member, Member) {
    let [one, other] = asks;
    (Member::start(test, one, &server.url()).await, Member::start(test, other, &server.url()).await)
}
