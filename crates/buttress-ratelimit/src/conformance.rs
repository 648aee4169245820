//! The suite that every store of limits passes, in memory and in Redis, and that one of your own should.
//!
//! It needs a tokio runtime, and time that passes for real.
//!
//! ```
//! use buttress_ratelimit::conformance;
//! use buttress_ratelimit::store::Memory;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::limits(async || Memory::new()).await;
//! # }
//! ```

mod alone;
mod exact;
mod together;

use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use buttress_core::engine::Degrade;
use buttress_core::metrics::Metrics;
use buttress_core::{Key, Keyer};

use crate::store::{LimitStore, Terms};
use crate::{Algorithm, Charge, Charges, Limit, Limits, Quota, Retry, Source, Standing, Verdict};

/// Puts a store of limits through every promise of [`LimitStore`].
///
/// `make` gives a store that knows no policies yet, for each promise; they may count in the same place, as each uses
/// keys of its own.
///
/// # Panics
///
/// If a promise is broken, or if a store that should answer does not. The message says which.
pub async fn limits<S: LimitStore>(make: impl AsyncFn() -> S) {
    let fresh = async || Rig::new(make().await, &quotas());
    let slow = async || Rig::new(make().await, &slow_quotas());
    exact::so_many_and_no_more(&slow().await).await;
    exact::so_many_turns_and_no_more(&slow().await).await;
    alone::a_burst_and_no_more(&fresh().await).await;
    alone::who_waits_as_told_is_admitted(&fresh().await).await;
    alone::a_window_begins_with_its_first(&fresh().await).await;
    alone::a_window_slides(&fresh().await).await;
    alone::a_log_is_exact(&fresh().await).await;
    alone::what_is_held_comes_back(&fresh().await).await;
    alone::too_much_is_never_admitted(&fresh().await).await;
    alone::the_shorter_way_leads_to_the_same(&fresh().await).await;
    alone::looking_takes_nothing(&fresh().await).await;
    alone::what_is_given_back_is_there_again(&fresh().await).await;
    alone::nothing_comes_back_twice(&fresh().await).await;
    alone::what_is_counted_may_be_too_much(&fresh().await).await;
    alone::what_is_forgotten_never_was(&fresh().await).await;
    alone::a_turn_comes_later(&fresh().await).await;
    together::keys_and_policies_are_apart(&fresh().await).await;
    together::all_or_none(&fresh().await).await;
    together::the_longest_wait_is_told(&fresh().await).await;
    together::what_is_tried_out_refuses_nobody(&fresh().await).await;
    together::numbers_change_and_counters_stay(&fresh().await).await;
    together::callers_race(slow().await).await;
}

/// The policies of the suite, by their numbers.
const BUCKET: u8 = 0;
const QUICK: u8 = 1;
const WINDOW: u8 = 2;
const SLIDING: u8 = 3;
const LOG: u8 = 4;
const HELD: u8 = 5;
const ROOMY: u8 = 6;
const QUEUE: u8 = 7;

const HOUR: Duration = Duration::from_secs(3_600);
/// Long enough that what follows happens within, and short enough to be waited for.
const SHORT: Duration = Duration::from_millis(300);

fn quotas() -> [Quota; 8] {
    [
        Quota::per_hour(5),
        Quota::per_second(10).burst(2),
        Quota::per(SHORT, 3).algorithm(Algorithm::FixedWindow),
        Quota::per_hour(4).algorithm(Algorithm::SlidingCounter),
        Quota::per(SHORT, 2).algorithm(Algorithm::SlidingLog),
        Quota::at_once(2),
        Quota::per_hour(1_000),
        Quota::per_second(5).burst(1).queue(Duration::from_secs(1)),
    ]
}

/// The same, of which nothing comes back while the suite looks: so it is told to the last one whether there is one too
/// many.
fn slow_quotas() -> [Quota; 8] {
    let mut quotas = quotas();
    quotas[usize::from(QUICK)] = Quota::per_hour(10).burst(2);
    quotas[usize::from(WINDOW)].period = HOUR;
    quotas[usize::from(LOG)].period = HOUR;
    quotas[usize::from(QUEUE)] = Quota::per_hour(4).burst(1).queue(HOUR);
    quotas
}

/// A store that knows the policies of the suite.
#[derive(Clone)]
struct Rig<S> {
    store: S,
    limits: Limits,
}

impl<S: LimitStore> Rig<S> {
    fn new(store: S, quotas: &[Quota; 8]) -> Self {
        let limits: Vec<Limit> = quotas.iter().map(checked).collect();
        let terms = limits.iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"]);
        let terms = terms.map(|(limit, name)| Terms::new(name, *limit).degrade(Degrade::Deny));
        #[expect(clippy::expect_used, reason = "the suite says what is wrong")]
        let store = store
            .bind(&terms.collect::<Vec<_>>(), None, &Metrics::default())
            .expect("the store keeps every kind of policy");
        Self { store, limits: limits.into_iter().collect() }
    }

    async fn take(&self, charges: &[Charge]) -> Verdict {
        answered(self.store.take(&self.limits, &all(charges)).await)
    }

    async fn look(&self, charges: &[Charge]) -> Verdict {
        answered(self.store.look(&self.limits, &all(charges)).await)
    }

    /// Takes, and keeps what is to be given back.
    async fn taken(&self, charge: Charge) -> Charges {
        let mut charges = all(&[charge]);
        let verdict = answered(self.store.take(&self.limits, &charges).await);
        assert!(verdict.is_taken(), "there is room for {charge:?}: {verdict:?}");
        charges.stamp(&verdict);
        charges
    }

    async fn remaining(&self, charge: Charge) -> u32 {
        first(&self.look(&[charge]).await).remaining()
    }

    /// Waits until so much is left: what nobody waits for is done when the store can.
    async fn until_left(&self, charge: Charge, remaining: u32, why: &str) {
        let mut seen = 0;
        for _ in 0..2_000 {
            seen = self.remaining(charge).await;
            if seen == remaining {
                return;
            }
            pause(Duration::from_millis(5)).await;
        }
        panic!("{why}: {seen} are left, and not {remaining}");
    }
}

/// Only what the store itself says, or had said: the suite is not about what is said in its place.
fn answered(verdict: Verdict) -> Verdict {
    let itself = |source| matches!(source, Source::Store | Source::Remembered | Source::Unasked);
    let others = verdict.standings().iter().find(|standing| !itself(standing.source()));
    assert!(others.is_none(), "the store does not answer, but: {verdict:?}");
    verdict
}

/// How the only charge stands.
fn first(verdict: &Verdict) -> Standing {
    let [standing] = verdict.standings() else {
        panic!("one charge has one standing: {verdict:?}")
    };
    *standing
}

/// How long whoever was refused is told to wait.
fn wait(verdict: &Verdict) -> Duration {
    match verdict.refusal() {
        Some((_, Retry::After(time))) => time,
        other => panic!("it is refused for a time, and not {other:?}"),
    }
}

fn all(charges: &[Charge]) -> Charges {
    let mut all = Charges::new();
    for charge in charges {
        assert!(all.push(*charge), "there is room for eight charges");
    }
    all
}

/// One that nobody else has, however many suites run against one server.
fn new_key() -> Key {
    Keyer::random().writer().key()
}

fn one(policy: u8) -> Charge {
    Charge::new(policy, new_key(), 1)
}

fn of(charge: Charge, cost: u32) -> Charge {
    Charge::new(charge.policy(), charge.key(), cost)
}

fn checked(quota: &Quota) -> Limit {
    #[expect(clippy::expect_used, reason = "the quotas stand in this file")]
    quota.check().expect("a quota that is allowed")
}

async fn pause(time: Duration) {
    TokioTimer.sleep(time).await;
}
