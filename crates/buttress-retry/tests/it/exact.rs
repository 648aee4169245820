//! What is counted as a repeat was sent, whoever goes away or panics meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};

use buttress_core::clock::{ManualClock, ms};
use buttress_core::metrics::Metrics;
use buttress_core::outcome::HttpClassify;
use buttress_retry::{Hedge, RetryBuilder};
use buttress_testkit::page::Page;
use buttress_testkit::poll::{assert_pending, assert_ready, poll_once};
use proptest::prelude::*;

use crate::support::{Client, Hand, client, get, script, send, up_to};

fn counted(
    clock: &ManualClock,
    page: &Page,
    change: impl FnOnce(
        RetryBuilder<HttpClassify, ManualClock>,
    ) -> RetryBuilder<HttpClassify, ManualClock>,
) -> (Client, Hand) {
    let builder = up_to(4, clock).named("stock").metrics(&Metrics::new(page.clone()));
    client(change(builder))
}

/// How many were sent after the first, by their numbers; and how many repeats there were, by their reasons.
fn sums(page: &Page) -> (f64, f64) {
    let of = |name: &str, last: &str| page.of(&format!("{name} stock {last}")).unwrap_or_default();
    let attempts = ["2", "3", "more"].map(|at| of("buttress_retry_attempts_total", at));
    let reasons = ["failure", "throttled", "unanswered", "unsent", "unprocessed", "hedge"];
    let repeats = reasons.map(|why| of("buttress_retry_repeats_total", why));
    (attempts.iter().sum(), repeats.iter().sum())
}

#[test]
fn who_goes_away_in_the_pause_has_repeated_nothing() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let (client, inner) = counted(&clock, &page, |builder| builder);
    script(&clock, &inner, &[503]);
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    drop(flight);
    assert_eq!((inner.counts().calls, sums(&page)), (1, (0.0, 0.0)));

    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    clock.advance(ms(100));
    assert_pending(&mut flight);
    drop(flight);
    assert_eq!((inner.counts().calls, sums(&page)), (3, (1.0, 1.0)), "of the other only the third");
}

#[test]
fn a_service_that_is_not_ready_again_was_not_asked_again() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let (client, inner) = counted(&clock, &page, |builder| builder);
    script(&clock, &inner, &[503, 200]);
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    inner.pending();
    clock.advance(ms(100));
    assert_pending(&mut flight);
    assert_eq!(sums(&page), (0.0, 0.0));
    inner.ready();
    assert!(assert_ready(&mut flight).is_ok());
    assert_eq!(sums(&page), (1.0, 1.0));
}

#[test]
fn an_attempt_that_panics_was_made() {
    let (clock, page) = (ManualClock::new(), Page::default());
    let (client, inner) = counted(&clock, &page, |builder| builder);
    script(&clock, &inner, &[503]);
    let mut flight = send(&client, get());
    assert_pending(&mut flight);
    inner.panic_in_call();
    clock.advance(ms(100));
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut flight))).is_err());
    drop(flight);
    assert_eq!((inner.counts().calls, sums(&page)), (2, (1.0, 1.0)));
}

proptest! {
    /// However many calls go away whenever they do: each attempt after a first one is a repeat with a reason, and no
    /// other is.
    #[test]
    fn each_repeat_was_sent(
        answers in prop::collection::vec(prop::sample::select(vec![200, 429, 503, 0]), 1..12),
        goes_after in prop::collection::vec(0_u64..600, 1..8),
        hedges in any::<bool>(),
    ) {
        let (clock, page) = (ManualClock::new(), Page::default());
        let hedge = |builder: RetryBuilder<_, _>| builder.hedge(Hedge::after(ms(20)));
        let (client, inner) = counted(&clock, &page, |builder| if hedges { hedge(builder) } else { builder });
        let seen = script(&clock, &inner, &answers);
        for patience in &goes_after {
            let mut flight = send(&client, get());
            for _ in 0..*patience {
                if poll_once(&mut flight).is_ready() {
                    break;
                }
                clock.advance(ms(1));
            }
        }
        let repeated = seen.lock().iter().filter(|(_, number)| *number > 1).count();
        let sent = f64::from(u32::try_from(repeated).unwrap());
        prop_assert_eq!(sums(&page), (sent, sent));
    }
}
