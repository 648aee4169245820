use buttress_circuit_breaker::Force;
use buttress_circuit_breaker::Trip;
use buttress_circuit_breaker::machine::{
    Ended, KeyedPass, Machine, Pass, Policy, Refused, Snapshot, Table,
};
use buttress_core::clock::Moment;
use buttress_core::key::Key;
use buttress_core::outcome::Outcome;

use super::chance::Chance;
use super::play::Here;
use super::spec::Spec;

/// What is played to.
pub trait Subject {
    type Pass: Copy + std::fmt::Debug;
    /// Generations before its first one.
    const BEFORE: u32;

    /// One that it may go by.
    fn spec(chance: &mut Chance) -> Spec;
    fn new(policy: Policy, now: Moment) -> Self;
    fn enter(&self, here: &Here<'_>) -> Result<Self::Pass, Refused>;
    fn is_probe(pass: &Self::Pass) -> bool;
    fn settle(&self, pass: Self::Pass, ended: Ended, here: &Here<'_>);
    fn hangs(&self, pass: Self::Pass, here: &Here<'_>) -> Self::Pass;
    fn force(&self, force: Force, here: &Here<'_>);
    fn reset(&self, here: &Here<'_>);
    fn trip(&self, trip: Trip, here: &Here<'_>) -> bool;
    fn reconfigure(&self, policy: Policy, here: &Here<'_>);
    fn snapshot(&self, now: Moment) -> Snapshot;
    fn refused(&self) -> u64;
}

impl Subject for Machine {
    type Pass = Pass;
    const BEFORE: u32 = 0;

    fn spec(chance: &mut Chance) -> Spec {
        Spec::by_chance(chance)
    }

    fn new(policy: Policy, now: Moment) -> Self {
        Self::new(policy, now).expect("it is right")
    }

    fn enter(&self, here: &Here<'_>) -> Result<Pass, Refused> {
        self.enter(here)
    }

    fn is_probe(pass: &Pass) -> bool {
        pass.is_probe()
    }

    fn settle(&self, pass: Pass, ended: Ended, here: &Here<'_>) {
        self.settle(pass, ended, here);
    }

    fn hangs(&self, pass: Pass, here: &Here<'_>) -> Pass {
        self.hangs(pass, here)
    }

    fn force(&self, force: Force, here: &Here<'_>) {
        self.force(force, here);
    }

    fn reset(&self, here: &Here<'_>) {
        self.reset(here);
    }

    fn trip(&self, trip: Trip, here: &Here<'_>) -> bool {
        self.trip(trip, here)
    }

    fn reconfigure(&self, policy: Policy, here: &Here<'_>) {
        self.reconfigure(policy, here).expect("it is right");
    }

    fn snapshot(&self, now: Moment) -> Snapshot {
        self.snapshot(now)
    }

    fn refused(&self) -> u64 {
        self.snapshot(Moment::FIRST).refused()
    }
}

/// One key, alone in its table.
pub struct KeyOfATable(Table);

const KEY: Key = Key::from_bytes([7; 16]);

impl Subject for KeyOfATable {
    type Pass = KeyedPass;
    /// Of nobody, twice, and before that.
    const BEFORE: u32 = 3;

    fn spec(chance: &mut Chance) -> Spec {
        Spec::for_keys(chance)
    }

    fn new(policy: Policy, now: Moment) -> Self {
        let table = Table::new(policy, 8, now).expect("it is right");
        let pass = table.enter(KEY, &now).expect("it has a place by now");
        table.settle(pass, Outcome::Ignored, &now);
        Self(table)
    }

    fn enter(&self, here: &Here<'_>) -> Result<KeyedPass, Refused> {
        self.0.enter(KEY, here)
    }

    fn is_probe(pass: &KeyedPass) -> bool {
        pass.is_probe()
    }

    fn settle(&self, pass: KeyedPass, ended: Ended, here: &Here<'_>) {
        self.0.settle(pass, ended, here);
    }

    fn hangs(&self, pass: KeyedPass, here: &Here<'_>) -> KeyedPass {
        self.0.hangs(pass, here)
    }

    fn force(&self, force: Force, here: &Here<'_>) {
        self.0.force(KEY, force, here);
    }

    fn reset(&self, here: &Here<'_>) {
        self.0.reset(KEY, here);
    }

    fn trip(&self, trip: Trip, here: &Here<'_>) -> bool {
        self.0.trip(KEY, trip, here)
    }

    fn reconfigure(&self, policy: Policy, here: &Here<'_>) {
        self.0.reconfigure(policy, here).expect("it is right");
    }

    fn snapshot(&self, now: Moment) -> Snapshot {
        self.0.snapshot(KEY, now).expect("it keeps its place")
    }

    fn refused(&self) -> u64 {
        self.0.usage().refused()
    }
}
