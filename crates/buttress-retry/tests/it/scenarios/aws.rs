//! The standard mode of the clients of AWS, as its specification has it, in its second and third editions.

use std::cell::RefCell;
use std::future::ready;
use std::time::Duration;

use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_core::outcome::{Advice, Judgement, Outcome, Reached};
use buttress_retry::{Attempt, Backoff, Budget, Cost, Follow};
use buttress_testkit::poll;

use super::{Deviations, print};
use crate::support::up_to;

#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    /// An answer of 500, or the like.
    Err,
    /// No answer in time.
    Lost,
    /// An answer that it is too much.
    Busy,
    /// The same, with a time to wait.
    BusyFor(Duration),
}

use End::{Busy, BusyFor, Err as Fails, Lost, Ok as Works};

/// The ends of the attempts of one call; the last one stays. The pauses, and what is left after each of them and in the
/// end.
type Call<'a> = (&'a [End], &'a [Duration], &'a [f64]);

struct Case<'a> {
    id: &'a str,
    tries: u32,
    budget: Budget,
    backoff: Backoff,
    calls: &'a [Call<'a>],
}

fn judge(end: Result<&(), &End>) -> Judgement {
    match end {
        Err(Fails) => Judgement::new(Outcome::Failure),
        Err(Lost) => Judgement::new(Outcome::Failure).with_reached(Reached::Perhaps),
        Err(Busy) => Judgement::new(Outcome::Throttled),
        Err(BusyFor(wait)) => Judgement::new(Outcome::Throttled).with_advice(Advice::After(*wait)),
        Ok(()) | Err(Works) => Judgement::new(Outcome::Success),
    }
}

impl Case<'_> {
    fn holds(&self) {
        let clock = ManualClock::new();
        let policy = up_to(self.tries, &clock)
            .backoff(self.backoff)
            .budget(self.budget.clone())
            .follow(Follow::Within(secs(5)))
            .build_policy()
            .unwrap();
        for (ends, pauses, left) in self.calls {
            let (times, lefts) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
            let mut run = Box::pin(policy.run_if(judge, |attempt: Attempt| {
                times.borrow_mut().push(clock.now());
                if !attempt.is_first() {
                    lefts.borrow_mut().push(self.budget.left(clock.now()));
                }
                let at = usize::try_from(attempt.repeats()).unwrap().min(ends.len() - 1);
                ready(match ends[at] {
                    Works => Ok(()),
                    end => Err(end),
                })
            }));
            while poll::poll_once(&mut run).is_pending() {
                clock.advance(ms(1));
            }
            lefts.borrow_mut().push(self.budget.left(clock.now()));
            let times = times.borrow();
            let seen: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert_eq!(seen, *pauses, "{}: pauses", self.id);
            assert_eq!(*lefts.borrow(), *left, "{}: left", self.id);
        }
    }
}

const DEVIATIONS: &Deviations = &[
    (
        "the first pause after a throttled answer is 1 s in the third edition",
        "one backoff for all: an answer that wants time says so",
    ),
    ("long polling has rules of its own", "it is a call like any other"),
    (
        "a quota of 0 repeats nothing",
        "it is refused as a setting: for no repeats there is `up_to(1)`",
    ),
];

#[test]
fn the_second_edition() {
    print("aws", DEVIATIONS);
    let slow = Backoff::exponential(secs(1)).max(secs(20));
    let [one, two, four, eight] = [1, 2, 4, 8].map(secs);
    let case = |id, tries, quota, backoff, calls| Case {
        id,
        tries,
        budget: Budget::quota(quota),
        backoff,
        calls,
    };
    for case in [
        case(
            "eventual success",
            5,
            500,
            slow,
            &[(&[Fails, Fails, Works], &[one, two], &[495.0, 490.0, 495.0])],
        ),
        case("enough attempts", 3, 500, slow, &[(&[Fails], &[one, two], &[495.0, 490.0, 490.0])]),
        case("the quota is used up", 5, 5, slow, &[(&[Fails], &[one], &[0.0, 0.0])]),
        case(
            "what was not answered costs ten",
            3,
            100,
            slow,
            &[(&[Lost, Lost, Works], &[one, two], &[90.0, 80.0, 90.0])],
        ),
        case(
            "a first success brings one",
            3,
            100,
            slow,
            &[
                (&[Lost, Lost, Lost], &[one, two], &[90.0, 80.0, 80.0]),
                (&[Works], &[], &[81.0]),
                (&[Works], &[], &[82.0]),
            ],
        ),
        case(
            "it doubles",
            5,
            500,
            slow,
            &[(&[Fails], &[one, two, four, eight], &[495.0, 490.0, 485.0, 480.0, 480.0])],
        ),
        case(
            "up to its longest",
            5,
            500,
            slow.max(secs(3)),
            &[(&[Fails], &[one, two, secs(3), secs(3)], &[495.0, 490.0, 485.0, 480.0, 480.0])],
        ),
    ] {
        case.holds();
    }
}

#[test]
fn the_third_edition() {
    let fast = Backoff::exponential(ms(50)).max(secs(20));
    let quota = |tokens| {
        let budget = Budget::quota(tokens).cost(Cost::Failure, 14.0).cost(Cost::Unanswered, 14.0);
        budget.cost(Cost::Throttled, 5.0)
    };
    let [one, two] = [50, 100].map(ms);
    let case = |id, tries, tokens, backoff, calls| Case {
        id,
        tries,
        budget: quota(tokens),
        backoff,
        calls,
    };
    for case in [
        case(
            "eventual success",
            3,
            500,
            fast,
            &[(&[Fails, Fails, Works], &[one, two], &[486.0, 472.0, 486.0])],
        ),
        case("no success", 3, 500, fast, &[(&[Fails], &[one, two], &[486.0, 472.0, 472.0])]),
        case("a quota for one", 3, 14, fast, &[(&[Fails], &[one], &[0.0, 0.0])]),
        case("a quota for none", 3, 13, fast, &[(&[Fails], &[], &[13.0])]),
        case("a quota for one and a bit", 3, 20, fast, &[(&[Fails], &[one], &[6.0, 6.0])]),
        case(
            "a quota that comes back",
            3,
            30,
            fast,
            &[
                (&[Fails, Fails, Works], &[one, two], &[16.0, 2.0, 16.0]),
                (&[Fails, Works], &[one], &[2.0, 16.0]),
            ],
        ),
        case("too much costs five", 2, 500, fast, &[(&[Busy, Works], &[one], &[495.0, 500.0])]),
        case(
            "up to its longest",
            5,
            500,
            fast.max(ms(200)),
            &[(&[Fails], &[one, two, ms(200), ms(200)], &[486.0, 472.0, 458.0, 444.0, 444.0])],
        ),
        case(
            "advice below the own pause",
            2,
            500,
            fast,
            &[(&[BusyFor(ms(10)), Works], &[one], &[495.0, 500.0])],
        ),
        case(
            "advice above it",
            2,
            500,
            fast,
            &[(&[BusyFor(secs(2)), Works], &[secs(2)], &[495.0, 500.0])],
        ),
        case(
            "advice far above it",
            2,
            500,
            fast,
            &[(&[BusyFor(secs(60)), Works], &[ms(5_050)], &[495.0, 500.0])],
        ),
    ] {
        case.holds();
    }
    let dynamo = Backoff::exponential(ms(25)).max(secs(20));
    let pauses: Duration = (1..4).map(|repeat| dynamo.bare(repeat)).sum();
    assert_eq!(pauses, ms(175), "of DynamoDB: four attempts from 25 milliseconds");
}
