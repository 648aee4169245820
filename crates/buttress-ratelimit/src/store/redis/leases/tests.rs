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
    leases.take(&limits, &charges).is_some()
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
    assert_eq!(leases.wish(&charge(1).optional(), None, at(3)), 0, "nor for what is tried out");
    leases.came(&charge(1), 1, Standing::default(), at(4));
    assert!(take(&leases, 1) && !take(&leases, 1));
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
    assert!(none.is_off() && !take(&none, 1) && !none.put_back(&charge(1)));
    assert_eq!(none.wish(&charge(1), None, at(0)), 0);
    let other = Leases::new([0, 5]);
    assert!(!other.is_off());
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
