use proptest::prelude::*;

use super::*;
use crate::Quota;

const MOST: u32 = 40;

fn at(millis: u64) -> Moment {
    Moment::from_nanos(millis * 1_000_000)
}

fn charge(cost: u32) -> Charge {
    Charge::new(0, Key::from_bytes([7; 16]), cost)
}

fn take(leases: &Leases, cost: u32) -> bool {
    let limits: Limits = [Quota::per_day(1_000).check().unwrap()].into_iter().collect();
    let mut charges = Charges::new();
    charges.push(charge(cost));
    leases.take(&limits, &charges, &mut Charges::new()).is_some()
}

#[test]
fn it_grows_while_it_is_short_and_shrinks_while_it_lasts() {
    let leases = Leases::new([MOST]);
    let mut now = 0;
    let mut next = |after| {
        now += after;
        let wish = leases.wish(&charge(1), None, at(now));
        leases.came(&charge(1), wish, Standing::default(), at(now));
        for _ in 0..wish {
            assert!(take(&leases, 1));
        }
        assert!(!take(&leases, 1), "as many as came");
        wish
    };
    let wishes = [0, 5, 5, 5, 5, 5, 5, 50, 200, 200].map(&mut next);
    assert_eq!(wishes, [0, 1, 3, 7, 15, 31, 39, 39, 19, 9]);
}

#[test]
fn others_need_not_ask_while_somebody_does() {
    let leases = Leases::new([MOST]);
    for now in [0, 1, 2] {
        let wish = leases.wish(&charge(1), None, at(now));
        leases.failed(&charge(1), wish);
    }
    assert_eq!(leases.wish(&charge(1), None, at(3)), 1);
    assert_eq!(leases.wish(&charge(1), None, at(3)), 0, "one is under way");
    leases.came(&charge(1), 1, Standing::default(), at(4));
    assert!(take(&leases, 1) && !take(&leases, 1));
}

#[test]
fn what_can_never_be_taken_out_of_them_is_not_asked_for() {
    let leases = Leases::new([MOST, 0]);
    let could = |all: &[Charge]| {
        let mut charges = Charges::new();
        for charge in all {
            assert!(charges.push(*charge));
        }
        leases.could_take(&charges)
    };
    assert!(could(&[charge(1)]));
    assert!(!could(&[charge(0)]), "that only asks");
    assert!(!could(&[charge(1).optional()]), "a trial is counted, and refuses nobody");
    let other = Charge::new(1, Key::from_bytes([7; 16]), 1);
    assert!(!could(&[charge(1), other]), "without leases");
    assert!(!could(&[charge(1), charge(1).optional()]));
}

#[test]
fn what_costs_nothing_is_the_stores_to_decide() {
    let leases = Leases::new([MOST]);
    leases.wish(&charge(1), None, at(0));
    leases.came(&charge(1), 9, Standing::default(), at(10));
    assert!(!take(&leases, 0));
    assert!(take(&leases, 9));
}

/// The second charge finds nothing, and meanwhile as many are on their way as there is room for.
#[test]
fn what_finds_no_place_any_more_is_told() {
    let leases = Leases::new([MOST, MOST]);
    let limit = Quota::per_day(1_000).check().unwrap();
    let limits: Limits = [limit, limit].into_iter().collect();
    leases.wish(&charge(1), None, at(0));
    leases.came(&charge(1), MOST, Standing::default(), at(10));
    leases.with(&charge(1), |lease| lease.coming = 1).unwrap();
    let (mut charges, mut homeless) = (Charges::new(), Charges::new());
    assert!(charges.push(charge(1)) && charges.push(Charge::new(1, Key::from_bytes([8; 16]), 1)));
    assert!(leases.take(&limits, &charges, &mut homeless).is_none());
    assert_eq!(homeless.as_slice(), [charge(1)]);
}

#[test]
fn what_is_old_goes_back_once() {
    let leases = Leases::new([MOST]);
    leases.wish(&charge(1), None, at(0));
    leases.came(&charge(1), 9, Standing::default(), at(10));
    assert!(take(&leases, 2) && leases.put_back(&charge(1)));
    assert_eq!(leases.unused(Some(at(1_009))), []);
    let unused = leases.unused(Some(at(1_010)));
    assert_eq!(unused.iter().map(|unused| unused.tokens).collect::<Vec<_>>(), [8]);
    assert_eq!(leases.unused(None), []);
    assert!(!take(&leases, 1));
    leases.came(&charge(1), 3, Standing::default(), at(2_000));
    leases.forget(&charge(1));
    assert!(!take(&leases, 1), "and of what is forgotten nothing is left");
}

#[test]
fn where_there_are_none_nothing_is_looked_for() {
    let none = Leases::new([0, 0]);
    assert!(!take(&none, 1) && !none.put_back(&charge(1)));
    assert_eq!(none.wish(&charge(1), None, at(0)), 0);
    let other = Leases::new([0, 5]);
    for now in 0..5 {
        assert_eq!(other.wish(&charge(1), None, at(now)), 0, "this policy has none");
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Take(u32),
    PutBack(u32),
    Wish,
    WishEarly,
    Came,
    Failed,
    Unused,
    Later(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (1_u32..4).prop_map(Act::Take),
        1 => (1_u32..4).prop_map(Act::PutBack),
        4 => Just(Act::Wish),
        4 => Just(Act::WishEarly),
        6 => Just(Act::Came),
        1 => Just(Act::Failed),
        1 => Just(Act::Unused),
        3 => (0_u64..300).prop_map(Act::Later),
    ]
}

proptest! {
    /// Whatever happens, no more is held than allowed, those on their way included; and none is used that did not come.
    #[test]
    fn no_more_is_held_than_allowed(acts in prop::collection::vec(act(), 1..300)) {
        let leases = Leases::new([MOST]);
        let (mut now, mut coming, mut held, mut spent) = (0, Vec::new(), 0_u32, 0_u32);
        for act in acts {
            match act {
                Act::Take(cost) => if take(&leases, cost) {
                    prop_assert!(cost <= held);
                    held -= cost;
                    spent += cost;
                },
                Act::PutBack(cost) => if cost <= spent && leases.put_back(&charge(cost)) {
                    held += cost;
                    spent -= cost;
                },
                Act::Wish => coming.push(leases.wish(&charge(1), None, at(now))),
                Act::WishEarly => coming.push(leases.wish_early(&charge(1), at(now))),
                Act::Came => if let Some(tokens) = coming.pop() {
                    leases.came(&charge(1), tokens, Standing::default(), at(now));
                    held += tokens;
                },
                Act::Failed => if let Some(tokens) = coming.pop() {
                    leases.failed(&charge(1), tokens);
                },
                Act::Unused => {
                    for unused in leases.unused(Some(at(now))) {
                        prop_assert_eq!(unused.tokens, held);
                        held = 0;
                    }
                }
                Act::Later(millis) => now += millis,
            }
            let on_their_way: u32 = coming.iter().sum();
            prop_assert!(held + on_their_way <= MOST, "{held} and {on_their_way}");
        }
    }
}
