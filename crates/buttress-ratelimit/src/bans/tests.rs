use buttress_core::Keyer;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// How long the ban is that this refusal brings about.
fn refused(bans: &Bans, policy: u8, key: Key, now: Moment) -> Option<Duration> {
    let punished = bans.refused(&Charge::new(policy, key, 1), now, Duration::ZERO)?;
    punished.is_new.then_some(punished.ban.left)
}

/// Two refusals of three still count for another nine minutes, whatever the penalty of whoever looks for a place.
#[test]
fn what_is_known_of_a_key_is_judged_by_its_own_penalty() {
    let slow = Penalty::after(3).within(MINUTE * 10).forgiven_after(MINUTE * 60);
    let quick = Penalty::after(1_000).within(MINUTE).forgiven_after(MINUTE);
    let bans = Bans::new(WAYS, [Some(slow), Some(quick)]);
    let keyer = Keyer::random();
    let start = Moment::from_nanos(1_000_000_000);
    let strangers = |from: u8, now| {
        for stranger in from..from + 7 {
            refused(&bans, 1, keyer.key_of([[stranger]]), now);
        }
    };
    let (known, later) = (keyer.key_of(["known"]), start + MINUTE * 2);
    for _ in 0..2 {
        assert_eq!(refused(&bans, 0, known, start), None);
    }
    strangers(0, start);
    // Those who came then are worth nothing by now, and give way.
    strangers(100, later);
    assert_eq!(refused(&bans, 0, known, later), Some(MINUTE * 5));
}

#[test]
fn a_flood_of_strangers_frees_nobody_who_is_banned_for_longer() {
    // Strangers are refused once each, banned never.
    let bans = Bans::new(WAYS, [1, 1_000].map(Penalty::after).map(Some));
    let keyer = Keyer::random();
    let now = Moment::from_nanos(1_000_000_000);
    let known = keyer.key_of(["known"]);
    assert_eq!(refused(&bans, 0, known, now), Some(MINUTE * 5));
    for stranger in 0..1_000_u32 {
        refused(&bans, 1, keyer.key_of([stranger.to_be_bytes()]), now);
    }
    assert!(bans.banned(0, known, now).is_some());
    assert_eq!(bans.all(now).len(), 1);
}

#[test]
fn nobody_is_banned_for_what_others_were_refused() {
    let bans = Bans::new(WAYS, [Some(Penalty::after(3))]);
    let keyer = Keyer::random();
    let now = Moment::from_nanos(1_000_000_000);
    // Each of them has been refused twice: where there is no room, the newcomer begins at none.
    for stranger in 0..1_000_u32 {
        let key = keyer.key_of([stranger.to_be_bytes()]);
        assert_eq!(refused(&bans, 0, key, now), None);
        assert_eq!(refused(&bans, 0, key, now), None);
    }
    assert!(bans.all(now).is_empty());
}

#[test]
fn what_was_lifted_does_not_end_what_began_later() {
    let bans = Bans::new(64, [Some(Penalty::after(1))]);
    let key = Keyer::random().key_of(["ada"]);
    let now = Moment::from_nanos(1_000_000_000);
    refused(&bans, 0, key, now);
    bans.hear_lifted(0, key, now - Duration::from_nanos(1));
    assert!(bans.banned(0, key, now).is_some());
    bans.hear_lifted(0, key, now);
    assert!(bans.banned(0, key, now).is_none());
}

#[test]
fn a_key_takes_as_many_bytes_as_is_documented() {
    assert!(size_of::<Lock<Bucket>>().div_ceil(WAYS) <= 80);
}

#[test]
fn until_somebody_is_banned_nobody_looks_at_the_clock() {
    let bans = Bans::new(64, [Some(Penalty::after(1))]);
    let key = Keyer::random().key_of(["ada"]);
    let now = Moment::from_nanos(1);
    assert!(!bans.any());
    let length = refused(&bans, 0, key, now).unwrap();
    assert!(bans.any());
    assert!(bans.banned(0, key, now + length).is_none());
}

/// A clock that was ahead for one look ends nobody's ban for good: what is listed is in force.
#[test]
fn a_ban_outlives_a_clock_that_was_ahead() {
    let bans = Bans::new(WAYS, [Some(Penalty::after(1))]);
    let (key, start) = (Keyer::random().key_of(["known"]), Moment::from_nanos(1_000_000_000));
    assert_eq!(refused(&bans, 0, key, start), Some(MINUTE * 5));
    assert_eq!(bans.banned(0, key, start + MINUTE * 60), None);
    let back = start + MINUTE;
    assert_eq!(bans.all(back).len(), 1);
    assert!(bans.any());
    assert_eq!(bans.banned(0, key, back).map(|ban| ban.left), Some(MINUTE * 4));
}

/// Others tell the client when the quota has room, and have heard of that as it was when the ban was imposed.
#[test]
fn a_wait_that_grows_is_news_too() {
    let bans = Bans::new(8, [Some(Penalty::after(1))]);
    bans.outbox.carry();
    let (key, now) = (Keyer::random().key_of(["ada"]), Moment::from_nanos(1));
    let told = |wait: Duration| {
        bans.refused(&Charge::new(0, key, 1), now, wait);
        bans.outbox.take(9).len()
    };
    assert_eq!(told(MINUTE), 1, "the ban");
    assert_eq!(told(MINUTE + MOMENT), 0, "the same time, as somebody else has read it");
    assert_eq!(told(MINUTE * 9), 1);
    assert_eq!(told(MINUTE), 0);
}
