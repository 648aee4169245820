use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;
use http::{Request, Response};

use super::Call;

/// What has happened to a mock and its clones so far. Made by [`Handle::counts`](super::Handle::counts).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counts {
    /// Clones that were made.
    pub clones: u64,
    /// Instances that were dropped, the first one included.
    pub drops: u64,
    /// Polls for readiness, whatever they returned.
    pub readiness_polls: u64,
    /// Instances that are ready now and have not been called yet.
    pub reservations: u64,
    /// Calls that were taken.
    pub calls: u64,
    /// Futures that live and have not given an answer yet.
    pub in_flight: u64,
    /// Futures that gave an answer, an error included.
    pub answered: u64,
    /// Futures that were dropped without an answer, because they panicked or because nobody waited.
    pub abandoned: u64,
    /// Calls on an instance that was not ready, and polls of a future that had given its answer.
    pub breaches: u64,
}

impl Counts {
    /// Instances that live.
    #[must_use]
    pub fn instances(&self) -> u64 {
        (self.clones + 1).saturating_sub(self.drops)
    }
}

/// One lock for all of it, so that a change and its waking cannot miss each other.
pub(super) struct Shared<ReqB, ResB, E>(Lock<State<ReqB, ResB, E>>);

impl<ReqB, ResB: Default, E> Shared<ReqB, ResB, E> {
    pub(super) fn new() -> Self {
        Self(Lock::new(State {
            gate: Gate::Open,
            capacity: u64::MAX,
            behaviour: Arc::new(Behaviour::default_answer()),
            counts: Counts::default(),
            next_instance: 0,
            waiting: BTreeMap::new(),
            held: VecDeque::new(),
            watchers: Vec::new(),
        }))
    }
}

impl<ReqB, ResB, E> Shared<ReqB, ResB, E> {
    pub(super) fn lock(&self) -> MutexGuard<'_, State<ReqB, ResB, E>> {
        self.0.lock()
    }

    /// Changes the state, then wakes whoever may have become ready by that.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State<ReqB, ResB, E>) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        let woken = if state.may_grant() { mem::take(&mut state.waiting) } else { BTreeMap::new() };
        drop(state);
        woken.into_values().for_each(Waker::wake);
        changed
    }

    /// Puts a call into the test's hand.
    pub(super) fn hold(&self, call: Call<ReqB, ResB, E>) {
        let mut state = self.lock();
        state.held.push_back(call);
        let watchers = mem::take(&mut state.watchers);
        drop(state);
        watchers.into_iter().for_each(Waker::wake);
    }
}

pub(super) struct State<ReqB, ResB, E> {
    pub(super) gate: Gate<E>,
    /// How many may be reserved or in flight at once.
    pub(super) capacity: u64,
    pub(super) behaviour: Arc<Behaviour<ReqB, ResB, E>>,
    pub(super) counts: Counts,
    pub(super) next_instance: u64,
    /// The tasks that wait for readiness, by instance.
    pub(super) waiting: BTreeMap<u64, Waker>,
    pub(super) held: VecDeque<Call<ReqB, ResB, E>>,
    /// The tests that wait for a held call.
    pub(super) watchers: Vec<Waker>,
}

impl<ReqB, ResB, E> State<ReqB, ResB, E> {
    /// Whether a poll for readiness now would find an answer.
    fn may_grant(&self) -> bool {
        match self.gate {
            Gate::Open => self.counts.reservations + self.counts.in_flight < self.capacity,
            Gate::Shut => false,
            Gate::Failing(_) => true,
        }
    }
}

impl<ReqB, ResB, E: Clone> State<ReqB, ResB, E> {
    pub(super) fn poll_ready(
        &mut self,
        instance: u64,
        is_reserved: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), E>> {
        self.counts.readiness_polls += 1;
        if let Gate::Failing(error) = &self.gate {
            return Poll::Ready(Err(error.clone()));
        }
        if is_reserved {
            return Poll::Ready(Ok(()));
        }
        if !self.may_grant() {
            self.waiting.insert(instance, cx.waker().clone());
            return Poll::Pending;
        }
        self.counts.reservations += 1;
        Poll::Ready(Ok(()))
    }
}

pub(super) enum Gate<E> {
    Open,
    Shut,
    Failing(E),
}

pub(super) enum Behaviour<ReqB, ResB, E> {
    Answer(Box<Respond<ReqB, ResB, E>>),
    Hold,
    Never,
    PanicInCall,
    PanicInPoll,
}

pub(super) type Respond<ReqB, ResB, E> =
    dyn Fn(Request<ReqB>) -> Result<Response<ResB>, E> + Send + Sync;

impl<ReqB, ResB: Default, E> Behaviour<ReqB, ResB, E> {
    pub(super) fn default_answer() -> Self {
        Self::Answer(Box::new(|_| Ok(Response::new(ResB::default()))))
    }
}
