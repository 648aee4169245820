//! What callers heard of each call, against what servers say that they ran.

use std::ops::AddAssign;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, SystemClock};
use buttress_core::sync::Lock;
use buttress_testkit::redis::Server;

use super::GRACE;

/// What a caller knows of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    /// It was answered, so it ran once.
    Done,
    /// It failed, and the error says that it did not run.
    Not,
    /// Once or not at all: the error says so, or the caller went away.
    Unsure,
}

#[derive(Default)]
pub(crate) struct Ledger {
    next: AtomicU64,
    round: AtomicUsize,
    notes: Lock<Vec<(u64, usize, Heard)>>,
    wrongs: Lock<Vec<String>>,
    overdue: Lock<Vec<Late>>,
    latest: AtomicU64,
    stalls: Lock<Vec<Stall>>,
}

/// A call that took longer than [`GRACE`] allows.
struct Late {
    number: u64,
    began: Moment,
    ended: Moment,
    over: Duration,
}

/// This very process was not served by its machine.
struct Stall {
    since: Moment,
    until: Moment,
}

/// How many calls there were of each kind, and how many ran.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: usize,
    pub(crate) not: usize,
    pub(crate) unsure: usize,
    pub(crate) ran: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.not += other.not;
        self.unsure += other.unsure;
        self.ran += other.ran;
    }
}

impl Ledger {
    /// A number for a call, which no other one has.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Relaxed)
    }

    pub(crate) fn begin(&self, round: usize) {
        self.round.store(round, Relaxed);
    }

    pub(crate) fn note(&self, number: u64, heard: Heard) {
        self.notes.lock().push((number, self.round.load(Relaxed), heard));
    }

    /// Something that must not be, told when the round is over.
    pub(crate) fn wrong(&self, what: String) {
        self.wrongs.lock().push(what);
    }

    /// Nothing was wrong up to now, and what was late was so because all here were.
    pub(crate) fn assert_right(&self) {
        for Late { number, began, ended, over } in self.overdue.lock().drain(..) {
            let stalled = self.stalled(began, ended);
            if over > GRACE + stalled {
                let took = ended - began;
                self.wrong(format!("call {number} took {took:?}, {over:?} too long ({stalled:?})"));
            }
        }
        let wrongs = self.wrongs.lock();
        assert!(wrongs.is_empty(), "{} times: {:#?}", wrongs.len(), &wrongs[..wrongs.len().min(9)]);
    }

    /// A call had so much time.
    pub(crate) fn ended(&self, number: u64, began: Moment, within: Duration) {
        let ended = SystemClock.now();
        let over = (ended - began).saturating_sub(within);
        self.latest.fetch_max(u64::try_from(over.as_millis()).unwrap(), Relaxed);
        if over > GRACE {
            self.overdue.lock().push(Late { number, began, ended, over });
        }
    }

    /// A clock beside the callers has been late since then, up to now.
    pub(crate) fn stall(&self, since: Moment) {
        self.stalls.lock().push(Stall { since, until: SystemClock.now() });
    }

    /// For how long nobody here was served meanwhile.
    pub(crate) fn stalled(&self, began: Moment, ended: Moment) -> Duration {
        let stalls = self.stalls.lock();
        let within = |stall: &&Stall| stall.until > began && stall.since < ended;
        stalls.iter().filter(within).map(|stall| stall.until - stall.since).sum()
    }

    pub(crate) fn latest(&self) -> Duration {
        Duration::from_millis(self.latest.load(Relaxed))
    }

    /// Each call that was answered ran once, each that is said not to have run did not, and no other ran twice. When
    /// all callers have ended, and nothing is on its way any more.
    pub(crate) fn agree_with(&self, servers: &[&Server]) -> Tally {
        let mut ran = vec![0_u8; usize::try_from(self.next.load(Relaxed)).unwrap()];
        let mut tally = Tally::default();
        for server in servers {
            for number in executions(&server.log()) {
                ran[usize::try_from(number).unwrap()] += 1;
                tally.ran += 1;
            }
        }
        let notes = self.notes.lock();
        assert_eq!(notes.len(), ran.len(), "some calls never ended");
        for (number, round, heard) in notes.iter() {
            let times = ran[usize::try_from(*number).unwrap()];
            let (count, is_right) = match heard {
                Heard::Done => (&mut tally.done, times == 1),
                Heard::Not => (&mut tally.not, times == 0),
                Heard::Unsure => (&mut tally.unsure, times <= 1),
            };
            *count += 1;
            if !is_right {
                self.wrong(format!("in round {round} a call ran {times} times: {heard:?}"));
            }
        }
        self.assert_right();
        let Tally { done, unsure, ran, .. } = tally;
        assert!((done..=done + unsure).contains(&ran), "{tally:?}");
        tally
    }
}

/// The numbers that [`RAN`](super::RAN) wrote. A line that a kill cut off is no execution that anybody was told of.
fn executions(log: &str) -> impl Iterator<Item = u64> {
    let lines = log.lines().filter_map(|line| line.strip_suffix('.')?.rsplit_once("# ran "));
    lines.map(|(_, number)| number.parse().expect("a number"))
}
