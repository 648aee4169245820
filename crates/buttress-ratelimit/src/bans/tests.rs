use buttress_core::Keyer;

use super::*;

#[test]
fn a_flood_of_strangers_frees_nobody_who_is_banned_for_longer() {
    let bans = Bans::new(WAYS);
    let keyer = Keyer::random();
    let penalty = Penalty::after(1);
    let now = Moment::from_nanos(1_000_000_000);
    let known = keyer.key_of(["known"]);
    assert_eq!(bans.refused(0, known, &penalty, now), Some(Duration::from_secs(300)));
    // Refused once each, banned never.
    let strangers = Penalty::after(1_000);
    for stranger in 0..1_000_u32 {
        bans.refused(1, keyer.key_of([stranger.to_be_bytes()]), &strangers, now);
    }
    assert!(bans.banned(0, known, now).is_some());
    assert_eq!(bans.all(now).len(), 1);
}

#[test]
fn nobody_is_banned_for_what_others_were_refused() {
    let bans = Bans::new(WAYS);
    let keyer = Keyer::random();
    let penalty = Penalty::after(3);
    let now = Moment::from_nanos(1_000_000_000);
    // Each of them has been refused twice: where there is no room, the newcomer begins at none.
    for stranger in 0..1_000_u32 {
        let key = keyer.key_of([stranger.to_be_bytes()]);
        assert_eq!(bans.refused(0, key, &penalty, now), None);
        assert_eq!(bans.refused(0, key, &penalty, now), None);
    }
    assert!(bans.all(now).is_empty());
}

#[test]
fn what_was_lifted_does_not_end_what_began_later() {
    let bans = Bans::new(64);
    let key = Keyer::random().key_of(["ada"]);
    let now = Moment::from_nanos(1_000_000_000);
    bans.refused(0, key, &Penalty::after(1), now);
    bans.hear_lifted(0, key, now - Duration::from_nanos(1));
    assert!(bans.banned(0, key, now).is_some());
    bans.hear_lifted(0, key, now);
    assert!(bans.banned(0, key, now).is_none());
}

#[test]
fn a_key_takes_as_many_bytes_as_is_documented() {
    assert!(size_of::<Lock<Bucket>>().div_ceil(WAYS) <= 72);
}

#[test]
fn who_is_free_again_costs_no_look() {
    let bans = Bans::new(64);
    let key = Keyer::random().key_of(["ada"]);
    let now = Moment::from_nanos(1);
    assert!(!bans.any());
    let length = bans.refused(0, key, &Penalty::after(1), now).unwrap();
    assert!(bans.any());
    assert!(bans.banned(0, key, now + length).is_none());
    assert!(!bans.any());
}
