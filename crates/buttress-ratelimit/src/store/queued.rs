use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::Timer;
use buttress_core::engine::Step;
use buttress_core::key::KeyParts;
use buttress_core::metrics::Metrics;
use buttress_core::{BuildError, Health};
use pin_project_lite::pin_project;

use super::{Heaviest, LimitStore, Terms, Usage};
use crate::{Charges, Limits, Verdict};

/// A store that says yes when it is somebody's turn: for a quota with a [queue](crate::Quota::queue).
///
/// Another store decides, and says how long until the turn of what it has taken; this one lets that time pass. Who
/// stops waiting gives back what was taken. Turns are given in the order in which they were asked for.
///
/// ```
/// use std::time::Duration;
///
/// use buttress_core::clock::ManualClock;
/// use buttress_core::engine::Step;
/// use buttress_core::metrics::Metrics;
/// use buttress_core::key::Keyer;
/// use buttress_ratelimit::store::{LimitStore, Memory, Queued, Terms};
/// use buttress_ratelimit::{Charge, Charges, Limits, Quota};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress_core::BuildError> {
/// let clock = ManualClock::new();
/// let limit = Quota::per_second(1).burst(1).queue(Duration::from_secs(5)).check()?;
/// let (limits, mut charges) = (Limits::from_iter([limit]), Charges::new());
/// charges.push(Charge::new(0, Keyer::random().key_of(["ada"]), 1));
///
/// let memory = Memory::new().clock(clock.clone());
/// let store = Queued::new(memory, clock.clone()).bind(&[Terms::new("a", limit)], None, &Metrics::none())?;
/// assert!(matches!(store.take(&limits, &charges), Step::Now(verdict) if verdict.is_taken()));
///
/// // The next one has to wait for a second.
/// let turn = tokio::spawn(async move { store.take(&limits, &charges).await });
/// while clock.sleepers() == 0 {
///     tokio::task::yield_now().await;
/// }
/// assert!(!turn.is_finished());
/// clock.advance(Duration::from_secs(1));
/// assert!(turn.await.unwrap().is_taken());
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// A [`Turn`] that is dropped before its time gives back what was taken. The others keep the turns that they were
/// given; who asks next may have the free one.
///
/// # Cost
///
/// Nothing for what need not wait. What has to wait allocates once; so does, over a store that has to be asked, each
/// decision for which a policy has a queue.
#[derive(Clone, Debug)]
pub struct Queued<S, T> {
    store: S,
    timer: T,
}

impl<S, T> Queued<S, T> {
    /// Lets `timer` pass the time that `store` says.
    #[must_use]
    pub const fn new(store: S, timer: T) -> Self {
        Self { store, timer }
    }
}

impl<S: LimitStore, T: Timer + Clone> LimitStore for Queued<S, T> {
    type Wait = Turn<S, T>;

    fn bind(
        self,
        terms: &[Terms],
        shard: Option<&KeyParts>,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        Ok(Self { store: self.store.bind(terms, shard, metrics)?, ..self })
    }

    fn gives_turns(&self) -> bool {
        true
    }

    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        match self.store.take(limits, charges) {
            Step::Now(verdict) if verdict.delay().is_zero() => Step::Now(verdict),
            Step::Now(verdict) => {
                let mut place = self.place(limits, charges);
                place.as_mut().take(verdict);
                Step::Later(Turn { asked: None, place: Some(place) })
            }
            Step::Later(asked) => {
                let queues = |charge| !limits.of(charge).queue().is_zero();
                let place = charges.as_slice().iter().any(queues);
                let place = place.then(|| self.place(limits, charges));
                Step::Later(Turn { asked: Some(asked), place })
            }
        }
    }

    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        Self::as_it_is(self.store.look(limits, charges))
    }

    fn count(&self, limits: &Limits, charges: &Charges) {
        self.store.count(limits, charges);
    }

    fn give_back(&self, limits: &Limits, charges: &Charges) {
        self.store.give_back(limits, charges);
    }

    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait> {
        Self::as_it_is(self.store.forget(limits, charges))
    }

    fn usage(&self, limits: &Limits, policy: u8) -> Option<Usage> {
        self.store.usage(limits, policy)
    }

    fn heaviest(&self, limits: &Limits, policy: u8, most: usize) -> Option<Vec<Heaviest>> {
        self.store.heaviest(limits, policy, most)
    }

    fn health(&self) -> Health {
        self.store.health()
    }
}

impl<S: LimitStore, T: Timer + Clone> Queued<S, T> {
    fn place(&self, limits: &Limits, charges: &Charges) -> Pin<Box<Place<S, T>>> {
        Box::pin(Place {
            sleep: None,
            held: Held {
                store: self.store.clone(),
                limits: limits.clone(),
                charges: *charges,
                taken: None,
            },
            timer: self.timer.clone(),
        })
    }

    /// What nobody has to wait for, however long the queue is.
    fn as_it_is(step: Step<Verdict, S::Wait>) -> Step<Verdict, Turn<S, T>> {
        match step {
            Step::Now(verdict) => Step::Now(verdict),
            Step::Later(asked) => Step::Later(Turn { asked: Some(asked), place: None }),
        }
    }
}

pin_project! {
    /// What a [`Queued`] store is waited for: its verdict, and then the turn.
    ///
    /// To drop it gives back what was taken.
    #[must_use = "futures do nothing unless polled"]
    pub struct Turn<S: LimitStore, T: Timer> {
        // Until the store has answered.
        #[pin]
        asked: Option<S::Wait>,
        // Where one stands in the queue, if there is one.
        place: Option<Pin<Box<Place<S, T>>>>,
    }
}

pin_project! {
    /// A place in the queue: in a box, so that what need not wait has no room for it.
    struct Place<S: LimitStore, T: Timer> {
        #[pin]
        sleep: Option<T::Sleep>,
        timer: T,
        held: Held<S>,
    }
}

/// What was taken, as long as its turn has not come.
struct Held<S: LimitStore> {
    store: S,
    limits: Limits,
    charges: Charges,
    taken: Option<Verdict>,
}

impl<S: LimitStore, T: Timer> Place<S, T> {
    /// Begins to wait for the turn of what was taken.
    fn take(self: Pin<&mut Self>, verdict: Verdict) {
        let mut this = self.project();
        this.held.charges.stamp(&verdict);
        this.held.taken = Some(verdict);
        // From now on, and not from the first poll.
        this.sleep.set(Some(this.timer.sleep(verdict.delay())));
    }
}

impl<S: LimitStore, T: Timer> Future for Turn<S, T> {
    type Output = Verdict;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict> {
        let mut this = self.project();
        if let Some(asked) = this.asked.as_mut().as_pin_mut() {
            let verdict: Verdict = ready!(asked.poll(cx)).into();
            this.asked.set(None);
            match this.place {
                Some(place) if !verdict.delay().is_zero() => place.as_mut().take(verdict),
                _ => return Poll::Ready(verdict),
            }
        }
        let place = this.place.as_mut().expect("the future was polled after it had completed");
        let mut place = place.as_mut().project();
        if let Some(sleep) = place.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
            place.sleep.set(None);
        }
        Poll::Ready(place.held.taken.take().expect("the future was polled after it had completed"))
    }
}

impl<S: LimitStore> Drop for Held<S> {
    fn drop(&mut self) {
        if self.taken.take().is_some_and(|verdict| verdict.is_taken()) {
            self.store.give_back(&self.limits, &self.charges);
        }
    }
}

impl<S: LimitStore, T: Timer> fmt::Debug for Turn<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.asked.is_some() { "asking" } else { "waiting" };
        f.debug_struct("Turn").field("state", &at).finish_non_exhaustive()
    }
}
