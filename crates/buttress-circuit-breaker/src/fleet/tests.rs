//! Processes of a fleet, in one, on paused time.

use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, TokioClock};
use buttress_core::outcome::Outcome;
use buttress_core::sync::Lock;
use buttress_testkit::paused::pass;

use super::standing::{Standing, Voter};
use super::{Asked, EVERY, Fleet, Joined, MemoryVotes, Quorum, Votes};
use crate::events::Herald;
use crate::history::History;
use crate::machine::{Machine, Outside, Policy};
use crate::{Events, Force, Reason, Rule, State, Transition, Trip, Why};

/// A breaker without a door.
#[derive(Clone)]
struct Bare(Arc<Inner>);

struct Inner {
    machine: Machine,
    clock: TokioClock,
    herald: Herald,
    history: Lock<History>,
}

impl Bare {
    fn new(clock: TokioClock) -> Self {
        let policy = Policy::default().rules([Rule::InARow(1)]).jitter(0);
        let policy = policy.open_for(OPEN, OPEN * 8);
        let machine = Machine::new(policy, clock.now()).unwrap();
        let (herald, history) = (Herald::default(), Lock::default());
        Self(Arc::new(Inner { machine, clock, herald, history }))
    }

    fn state(&self) -> State {
        self.0.machine.state()
    }

    /// One call that ends so.
    fn call(&self, outcome: Outcome) {
        let pass = self.0.machine.enter(&*self.0).expect("it passes");
        self.0.machine.settle(pass, outcome, &*self.0);
    }

    fn reason(&self) -> Option<Reason> {
        self.0.machine.snapshot(self.0.clock.now()).reason()
    }

    /// How often it opened because of the fleet.
    fn opened_by_the_fleet(&self) -> usize {
        let by_fleet = |step: &&Transition| matches!(step.why(), Why::Tripped(trip) if trip.reason() == Reason::Fleet);
        self.0.history.lock().to_vec().iter().filter(by_fleet).count()
    }
}

impl Outside for Inner {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn tell(&self, step: &Transition) {
        self.history.lock().push(*step);
        self.herald.tell(step).wake();
    }
}

impl Voter for Bare {
    fn name(&self) -> &'static str {
        "payments"
    }

    fn events(&self, room: usize) -> Events {
        self.0.herald.listen(room)
    }

    fn standing(&self) -> Standing {
        let now = self.0.clock.now();
        Standing::of(&self.0.machine.snapshot(now), &self.0.history.lock().to_vec(), now)
    }

    fn trip(&self, trip: Trip) {
        self.0.machine.trip(trip, &*self.0);
    }

    fn force(&self, force: Force) {
        self.0.machine.force(force, &*self.0);
    }
}

const OPEN: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_millis(50);

/// A store, and what time it is.
struct Rig {
    votes: MemoryVotes,
    clock: TokioClock,
    quorum: Quorum,
}

struct Process {
    fleet: Fleet<MemoryVotes>,
    breaker: Bare,
    joined: Joined,
}

impl Rig {
    fn new(quorum: Quorum) -> Self {
        let clock = TokioClock::new();
        Self { votes: MemoryVotes::with_clock(clock), clock, quorum }
    }

    fn process(&self) -> Process {
        let breaker = Bare::new(self.clock);
        let fleet = Fleet::with(self.votes.clone()).quorum(self.quorum).clock(self.clock);
        let fleet = fleet.build().unwrap();
        let joined = fleet.seat(Box::new(breaker.clone())).unwrap();
        Process { fleet, breaker, joined }
    }

    async fn processes<const N: usize>(&self) -> [Process; N] {
        let all = [(); N].map(|()| self.process());
        pass(SOON).await;
        all
    }

    /// How many votes there are; asked by nobody.
    async fn count(&self) -> u32 {
        let nobody = buttress_core::Key::from_bytes([0; 16]);
        let tallies = self.votes.read(nobody, &[Asked::about("payments")]).await.unwrap();
        self.votes.leave("payments", nobody).await.unwrap();
        tallies[0].votes()
    }
}

fn states(processes: &[Process]) -> Vec<State> {
    processes.iter().map(|process| process.breaker.state()).collect()
}

const FAIL: Outcome = Outcome::Failure;

#[tokio::test(start_paused = true)]
async fn one_vote_opens_nobody_else() {
    for quorum in [Quorum::of(2), Quorum::share(1)] {
        let rig = Rig::new(quorum);
        let all: [_; 4] = rig.processes().await;
        all[0].breaker.call(FAIL);
        pass(EVERY * 5).await;
        assert_eq!(rig.count().await, 1);
        assert_eq!(states(&all)[1..], [State::Closed; 3], "{quorum}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quorum_opens_all() {
    let rig = Rig::new(Quorum::share(50));
    let all: [_; 6] = rig.processes().await;
    for (at, process) in all.iter().take(3).enumerate() {
        assert_eq!(states(&all)[3..], [State::Closed; 3], "{at} votes of six are no half");
        process.breaker.call(FAIL);
        pass(SOON).await;
    }
    assert_eq!(states(&all), [State::Open; 6], "told, and not found at the next look");
    assert_eq!(all[5].breaker.reason(), Some(Reason::Fleet));
    pass(EVERY * 3).await;
    assert_eq!(rig.count().await, 3, "who was opened by others has found out nothing");
}

/// What votes open, one's own probes close, and the votes that are still there do not open it again.
#[tokio::test(start_paused = true)]
async fn what_recovered_is_not_opened_by_older_votes() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 3] = rig.processes().await;
    let [one, other, third] = &all;
    one.breaker.call(FAIL);
    other.breaker.call(FAIL);
    pass(OPEN).await;
    assert_eq!(states(&all), [State::Open; 3]);
    // These two fail again: they vote anew, for twice the time.
    one.breaker.call(FAIL);
    other.breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!((rig.count().await, third.breaker.opened_by_the_fleet()), (2, 1));
    third.breaker.call(Outcome::Success);
    assert_eq!(third.breaker.state(), State::Closed);
    pass(OPEN).await;
    assert_eq!((rig.count().await, third.breaker.state()), (2, State::Closed));
    // Who fails after that is news.
    pass(OPEN).await;
    one.breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!(third.breaker.state(), State::Closed, "and one of them is no quorum");
    other.breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!(third.breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn joining_does_not_close() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 3] = rig.processes().await;
    all[0].breaker.call(FAIL);
    all[1].breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!(states(&all), [State::Open; 3]);
    let late = rig.process();
    pass(EVERY * 2).await;
    assert_eq!(states(&all), [State::Open; 3], "nobody is closed by one that is closed");
    assert_eq!(late.breaker.state(), State::Open, "which is opened, rather");
    let leaves = late.joined;
    drop(leaves);
    pass(SOON).await;
    assert_eq!((rig.count().await, states(&all)), (2, vec![State::Open; 3]));
}

#[tokio::test(start_paused = true)]
async fn a_vote_is_taken_back_when_it_closes() {
    let rig = Rig::new(Quorum::of(2));
    let [one] = rig.processes().await;
    one.breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!(rig.count().await, 1);
    pass(OPEN.saturating_sub(SOON * 2)).await;
    assert_eq!(rig.count().await, 1, "it lasts as long as it is open");
    pass(SOON * 2).await;
    assert_eq!(rig.count().await, 0, "and not for ever");
    one.breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!(rig.count().await, 1, "the probe failed, too");
    pass(OPEN * 2).await;
    one.breaker.call(Outcome::Success);
    pass(SOON).await;
    assert_eq!((one.breaker.state(), rig.count().await), (State::Closed, 0));
    one.breaker.call(FAIL);
    pass(SOON).await;
    one.breaker.force(Force::Closed);
    pass(SOON).await;
    assert_eq!(rig.count().await, 0, "who is held has nothing to say");
}

/// Opened by the fleet, it votes once it has found out for itself.
#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_is_a_vote() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 3] = rig.processes().await;
    all[0].breaker.call(FAIL);
    all[1].breaker.call(FAIL);
    pass(OPEN + SOON).await;
    assert_eq!(rig.count().await, 0);
    all[2].breaker.call(FAIL);
    pass(SOON).await;
    assert_eq!(rig.count().await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_heard_by_all_and_by_who_comes_later() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 2] = rig.processes().await;
    let fleet = &all[0].fleet;
    for (force, state) in [
        (Force::Open, State::ForcedOpen),
        (Force::Closed, State::ForcedClosed),
        (Force::Off, State::Disabled),
        (Force::MetricsOnly, State::MetricsOnly),
    ] {
        let order = fleet.force("payments", force).await.unwrap();
        pass(SOON).await;
        assert_eq!(states(&all), [state; 2], "{order:?}");
        let late = rig.process();
        pass(SOON).await;
        assert_eq!(late.breaker.state(), state, "one that was started afterwards");
    }
    // One process, by hand: until the next order, that is so.
    all[1].breaker.force(Force::Open);
    pass(EVERY * 3).await;
    assert_eq!(states(&all), [State::MetricsOnly, State::ForcedOpen]);
    fleet.force("payments", Force::Release).await.unwrap();
    pass(SOON).await;
    assert_eq!(states(&all), [State::Closed; 2]);
}

/// The store has lost all that it knew: who is there says it again.
#[tokio::test(start_paused = true)]
async fn what_a_store_forgets_is_told_it_again() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 3] = rig.processes().await;
    all[0].fleet.force("other", Force::Open).await.unwrap();
    all[0].breaker.call(FAIL);
    all[1].fleet.force("payments", Force::Release).await.unwrap();
    pass(SOON).await;
    for process in &all {
        rig.votes.leave("payments", process.fleet.core.member).await.unwrap();
    }
    assert_eq!(rig.count().await, 0);
    pass(EVERY + SOON).await;
    assert_eq!(rig.count().await, 1);
    assert_eq!(states(&all), [State::Open, State::Closed, State::Closed]);
}

#[tokio::test(start_paused = true)]
async fn one_name_has_one_place() {
    let rig = Rig::new(Quorum::of(2));
    let Process { fleet, breaker, joined } = rig.process();
    let error = fleet.seat(Box::new(breaker.clone())).unwrap_err();
    assert_eq!(error.to_string(), "wrong setting fleet: `payments` has joined already");
    assert_eq!(joined.name(), "payments");
    drop(joined);
    let _joined = fleet.seat(Box::new(breaker)).unwrap();
}

#[test]
fn without_a_runtime_nobody_joins() {
    let fleet = Fleet::with(MemoryVotes::new()).build().unwrap();
    let error = fleet.seat(Box::new(Bare::new(TokioClock::new()))).unwrap_err();
    assert_eq!(error.to_string(), "wrong setting fleet: there is no tokio runtime");
}

/// The task and the watch end with the last handle.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_behind() {
    let rig = Rig::new(Quorum::of(2));
    let process = rig.process();
    pass(SOON).await;
    assert_eq!(rig.votes.breakers().len(), 1);
    let core = Arc::downgrade(&process.fleet.core);
    drop(process);
    pass(SOON).await;
    assert!(core.upgrade().is_none() && rig.votes.breakers().is_empty());
}
