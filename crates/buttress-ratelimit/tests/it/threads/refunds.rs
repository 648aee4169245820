//! What is given back while others charge the same key: how much room that makes, against a log of all that happened.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Of ten in a microsecond one takes so many nanoseconds.
const INTERVAL: u64 = 100;

fn tenths(burst: u64) -> Limits {
    limits([Quota::per(Duration::from_micros(1), 10).burst(burst)])
}

#[derive(Clone, Debug)]
enum Act {
    Take(u32),
    /// One of those that are under way.
    GiveBack(prop::sample::Index),
    /// Asks and gives back in turns, of the oldest: so the times of all that are under way become later and later.
    Turn(u32),
    Later(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (1_u32..4).prop_map(Act::Take),
        4 => any::<prop::sample::Index>().prop_map(Act::GiveBack),
        2 => (1_u32..9).prop_map(Act::Turn),
        4 => (0..3 * INTERVAL).prop_map(Act::Later),
        2 => (0..3_u64).prop_map(|intervals| Act::Later(intervals * INTERVAL)),
    ];
    prop::collection::vec(act, 1..120)
}

/// What happened at a time.
#[derive(Clone, Copy, Debug)]
enum Event {
    Taken {
        name: usize,
        price: u64,
    },
    /// As far as it is not over by itself it is worth something.
    Back {
        name: usize,
        price: u64,
        worth: u64,
    },
}

/// A memory, and the exact log beside it.
struct Told {
    limits: Limits,
    memory: Memory,
    now: u64,
    under_way: Vec<(usize, Charges)>,
    log: Vec<(u64, Event)>,
}

impl Told {
    fn new(burst: u64) -> Self {
        let (limits, memory) = (tenths(burst), Memory::with_capacity(10));
        Self { limits, memory, now: 1_000, under_way: Vec::new(), log: Vec::new() }
    }

    fn take(&mut self, cost: u32) -> bool {
        let mut asked = Charges::new();
        assert!(asked.push(Charge::new(0, Key::from_bytes([1; 16]), cost)));
        let verdict = self.memory.take_at(&self.limits, &asked, Moment::from_nanos(self.now));
        if verdict.is_taken() {
            asked.stamp(&verdict);
            let name = self.log.len();
            self.under_way.push((name, asked));
            let price = u64::from(cost) * INTERVAL;
            self.log.push((self.now, Event::Taken { name, price }));
        }
        verdict.is_taken()
    }

    fn give_back(&mut self, which: usize) {
        let (name, charges) = self.under_way.remove(which);
        self.memory.give_back_at(&self.limits, &charges, Moment::from_nanos(self.now));
        let charge = charges.as_slice()[0];
        let (price, left) = (u64::from(charge.cost()) * INTERVAL, charge.until().unwrap());
        let worth = price.min(left.saturating_sub(self.now));
        self.log.push((self.now, Event::Back { name, price, worth }));
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Take(cost) => drop(self.take(*cost)),
            Act::GiveBack(which) if !self.under_way.is_empty() => {
                self.give_back(which.index(self.under_way.len()));
            }
            Act::Turn(times) => {
                for _ in 0..*times {
                    if !self.under_way.is_empty() && !self.take(1) {
                        self.give_back(0);
                        self.take(1);
                    }
                }
            }
            Act::Later(nanos) => self.now += nanos,
            Act::GiveBack(_) => {}
        }
    }

    /// The largest of all spans: how much was taken in it and not given back in it, beyond what the quota has in that
    /// time; less what was under way when it began, and came back in it.
    fn most_beyond(&self, burst: u64) -> i128 {
        let mut most = i128::MIN;
        for (first, (began, _)) in self.log.iter().enumerate() {
            let (mut inside, mut kept, mut came_back) = (HashSet::new(), 0, 0);
            for (now, event) in &self.log[first..] {
                match *event {
                    Event::Taken { name, price } => {
                        inside.insert(name);
                        kept += i128::from(price);
                    }
                    Event::Back { name, price, .. } if inside.remove(&name) => {
                        kept -= i128::from(price);
                    }
                    Event::Back { worth, .. } => came_back += i128::from(worth),
                }
                let quota = i128::from(burst * INTERVAL + now - began);
                most = most.max(kept - quota - came_back);
            }
        }
        most
    }
}

proptest! {
    /// In any span the quota, and what was under way when it began and came back in it; so from the beginning the
    /// quota.
    #[test]
    fn what_comes_back_makes_room_for_no_more_than_itself(acts in acts(), burst in 1..6_u64) {
        let mut told = Told::new(burst);
        for act in &acts {
            told.act(act);
        }
        prop_assert!(told.most_beyond(burst) <= 0, "{} beyond: {:?}", told.most_beyond(burst), told.log);
    }
}

/// So much may happen: whoever has many requests under way, and all of them given back at once, gets as many at once.
#[test]
fn as_many_as_were_under_way_may_pass_at_once() {
    let mut told = Told::new(3);
    let turn = |told: &mut Told| {
        for _ in 0..told.under_way.len() {
            told.give_back(0);
            assert!(told.take(1));
        }
    };
    while told.take(1) {}
    for more in 1..=7 {
        turn(&mut told);
        told.now += INTERVAL;
        assert!(told.take(1), "of the time that has gone by");
        assert_eq!(told.under_way.len(), 3 + more);
    }
    turn(&mut told);
    told.now += 2 * INTERVAL;
    let mut kept = 0;
    for _ in 0..10 {
        while told.take(1) {
            kept += 1;
            let _ = told.under_way.pop();
        }
        told.give_back(0);
    }
    kept += u64::from(told.take(1));
    assert_eq!(kept, 3 + 10 - 1, "one has no time left to come back whole");
    assert!(told.most_beyond(3) <= 0);
}
