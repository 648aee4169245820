//! Processes of a fleet in one, on paused time: what opens whom, and when.

use std::time::Duration;

use buttress_circuit_breaker::fleet::{Asked, Fleet, Joined, MemoryVotes, Quorum, Votes};
use buttress_circuit_breaker::{Breaker, CircuitBreaker, Force, Reason, State, Trip};
use buttress_core::Key;
use buttress_core::clock::TokioClock;
use buttress_core::outcome::Outcome;
use buttress_testkit::paused::pass;

const OPEN: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_millis(50);
/// By then all have looked.
const LOOK: Duration = Duration::from_millis(400);

/// A store, and what time it is.
struct Rig {
    votes: MemoryVotes,
    clock: TokioClock,
    quorum: Quorum,
}

struct Process {
    fleet: Fleet<MemoryVotes>,
    breaker: Breaker,
    joined: Joined,
}

impl Rig {
    fn new(quorum: Quorum) -> Self {
        let clock = TokioClock::new();
        Self { votes: MemoryVotes::with_clock(clock), clock, quorum }
    }

    fn process(&self) -> Process {
        let breaker =
            CircuitBreaker::after(1).named("payments").open_for(OPEN..=OPEN * 8).jitter(0);
        let breaker = breaker.clock(self.clock).build().unwrap().breaker().clone();
        let fleet = Fleet::with(self.votes.clone()).quorum(self.quorum).clock(self.clock);
        let fleet = fleet.build().unwrap();
        let joined = fleet.join(&breaker).unwrap();
        Process { fleet, breaker, joined }
    }

    async fn processes<const N: usize>(&self) -> [Process; N] {
        let all = [(); N].map(|()| self.process());
        pass(SOON).await;
        all
    }

    /// How many votes there are; asked by nobody.
    async fn count(&self) -> u32 {
        let nobody = Key::from_bytes([0; 16]);
        let tallies = self.votes.read(nobody, &[Asked::about("payments")]).await.unwrap();
        self.votes.leave("payments", nobody).await.unwrap();
        tallies[0].votes()
    }
}

impl Process {
    /// One call that ends so.
    fn call(&self, outcome: Outcome) {
        self.breaker.try_enter().expect("it passes").settle(outcome);
    }

    fn reason(&self) -> Option<Reason> {
        self.breaker.snapshot().reason()
    }

    /// How often it opened because of the fleet.
    fn opened_by_the_fleet(&self) -> usize {
        let trips = self.breaker.history().into_iter().filter_map(|step| step.why().trip());
        trips.map(Trip::reason).filter(|reason| *reason == Reason::Fleet).count()
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
        all[0].call(FAIL);
        pass(LOOK * 5).await;
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
        process.call(FAIL);
        pass(SOON).await;
    }
    assert_eq!(states(&all), [State::Open; 6], "told, and not found at the next look");
    assert_eq!(all[5].reason(), Some(Reason::Fleet));
    pass(LOOK * 3).await;
    assert_eq!(rig.count().await, 3, "who was opened by others has found out nothing");
}

/// What votes open, one's own probes close, and the votes that are still there do not open it again.
#[tokio::test(start_paused = true)]
async fn what_recovered_is_not_opened_by_older_votes() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 3] = rig.processes().await;
    let [one, other, third] = &all;
    one.call(FAIL);
    other.call(FAIL);
    pass(OPEN).await;
    assert_eq!(states(&all), [State::Open; 3]);
    // These two fail again: they vote anew, for twice the time.
    one.call(FAIL);
    other.call(FAIL);
    pass(SOON).await;
    assert_eq!((rig.count().await, third.opened_by_the_fleet()), (2, 1));
    third.call(Outcome::Success);
    assert_eq!(third.breaker.state(), State::Closed);
    pass(OPEN).await;
    assert_eq!((rig.count().await, third.breaker.state()), (2, State::Closed));
    // Who fails after that is news.
    pass(OPEN).await;
    one.call(FAIL);
    pass(SOON).await;
    assert_eq!(third.breaker.state(), State::Closed, "and one of them is no quorum");
    other.call(FAIL);
    pass(SOON).await;
    assert_eq!(third.breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn joining_does_not_close() {
    let rig = Rig::new(Quorum::of(2));
    let all: [_; 3] = rig.processes().await;
    all[0].call(FAIL);
    all[1].call(FAIL);
    pass(SOON).await;
    assert_eq!(states(&all), [State::Open; 3]);
    let late = rig.process();
    pass(LOOK * 2).await;
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
    one.call(FAIL);
    pass(SOON).await;
    assert_eq!(rig.count().await, 1);
    pass(OPEN.saturating_sub(SOON * 2)).await;
    assert_eq!(rig.count().await, 1, "it lasts as long as it is open");
    pass(SOON * 2).await;
    assert_eq!(rig.count().await, 0, "and not for ever");
    one.call(FAIL);
    pass(SOON).await;
    assert_eq!(rig.count().await, 1, "the probe failed, too");
    pass(OPEN * 2).await;
    one.call(Outcome::Success);
    pass(SOON).await;
    assert_eq!((one.breaker.state(), rig.count().await), (State::Closed, 0));
    one.call(FAIL);
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
    all[0].call(FAIL);
    all[1].call(FAIL);
    pass(OPEN + SOON).await;
    assert_eq!(rig.count().await, 0);
    all[2].call(FAIL);
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
    pass(LOOK * 3).await;
    assert_eq!(states(&all), [State::MetricsOnly, State::ForcedOpen]);
    fleet.force("payments", Force::Release).await.unwrap();
    pass(SOON).await;
    assert_eq!(states(&all), [State::Closed; 2]);
}

#[tokio::test(start_paused = true)]
async fn one_name_has_one_place() {
    let rig = Rig::new(Quorum::of(2));
    let Process { fleet, breaker, joined } = rig.process();
    let error = fleet.join(&breaker).unwrap_err();
    assert_eq!(error.to_string(), "wrong setting fleet: `payments` has joined already");
    assert_eq!(joined.name(), "payments");
    drop(joined);
    let _joined = fleet.join(&breaker).unwrap();
}

#[test]
fn without_a_runtime_nobody_joins() {
    let fleet = Fleet::with(MemoryVotes::new()).build().unwrap();
    let breaker = CircuitBreaker::after(1).build().unwrap().breaker().clone();
    let error = fleet.join(&breaker).unwrap_err();
    assert_eq!(error.to_string(), "wrong setting fleet: there is no tokio runtime");
    let watched = MemoryVotes::new().watch(SOON, || async { Ok(()) });
    assert_eq!(watched.unwrap_err().to_string(), "wrong setting votes: there is no tokio runtime");
}

/// The tasks end with the last handle.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_behind() {
    let rig = Rig::new(Quorum::of(2));
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let process = rig.process();
    pass(SOON).await;
    assert_eq!((rig.votes.breakers().len(), tasks()), (1, before + 2));
    drop(process);
    pass(SOON).await;
    assert_eq!((rig.votes.breakers().len(), tasks()), (0, before));
}
