use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_core::clock::Timer;
use pin_project_lite::pin_project;

use super::line::{Lines, Taken};
use crate::store::LimitStore;
use crate::{Charge, Charges, Limits, Retry, Source, Verdict};

pin_project! {
    /// What a [`Queued`](super::Queued) store is waited for: its verdict, and then the turn.
    ///
    /// To drop it gives a turn back.
    #[must_use = "futures do nothing unless polled"]
    pub struct Turn<S: LimitStore, T: Timer> {
        // Until the store has answered.
        #[pin]
        asked: Option<S::Wait>,
        // In a box, so that what need not wait has no room for it.
        place: Option<Box<Place<S, T>>>,
    }
}

/// Where somebody stands, or may have to.
pub(super) struct Place<S: LimitStore, T: Timer> {
    pub(super) store: S,
    pub(super) timer: T,
    pub(super) lines: Arc<Lines<T>>,
    pub(super) limits: Limits,
    pub(super) charges: Charges,
    /// How many may wait.
    pub(super) most: usize,
    /// The number in the line, while it is waited for.
    pub(super) number: Option<u64>,
}

impl<S: LimitStore, T: Timer> Turn<S, T> {
    /// The store has to be waited for; with a place, if there may be more to wait for then.
    pub(super) fn asked(asked: S::Wait, place: Option<Box<Place<S, T>>>) -> Self {
        Self { asked: Some(asked), place }
    }

    pub(super) fn waiting(place: Box<Place<S, T>>) -> Self {
        Self { asked: None, place: Some(place) }
    }
}

impl<S: LimitStore, T: Timer> Place<S, T> {
    /// Begins to wait for the turn of what was taken: from now on, and not from the first poll. Where too many wait, it
    /// is given back, and this is the refusal.
    pub(super) fn join(&mut self, verdict: Verdict) -> Option<Verdict> {
        let mut charges = self.charges;
        charges.stamp(&verdict);
        let taken = Taken { verdict, charges, limits: self.limits.clone() };
        match self.lines.join(&self.charges, taken, &self.timer, self.most) {
            Ok(number) => {
                self.number = Some(number);
                None
            }
            Err(taken) => {
                self.store.give_back(&taken.limits, &taken.charges);
                Some(self.crowded(&taken.verdict))
            }
        }
    }

    /// What is told in the place of a turn: to come again when that would have been.
    fn crowded(&self, turn: &Verdict) -> Verdict {
        let queues = |charge: &Charge| !self.limits.of(charge).queue().is_zero();
        let mut all = (0..).zip(self.charges.as_slice());
        let at = all.find(|(_, charge)| queues(charge) && !charge.is_optional());
        let at = at.map_or(0, |(at, _)| at);
        let mut refused = Verdict::refused(at, Retry::After(turn.delay())).at(turn.decided_at());
        for (nth, standing) in (0..).zip(turn.standings()) {
            refused.push(if nth == at { standing.by(Source::Crowded) } else { *standing });
        }
        refused
    }
}

impl<S: LimitStore, T: Timer> Future for Turn<S, T> {
    type Output = Verdict;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict> {
        const DONE: &str = "the future was polled after it had completed";
        let mut this = self.project();
        if let Some(asked) = this.asked.as_mut().as_pin_mut() {
            let verdict: Verdict = ready!(asked.poll(cx)).into();
            this.asked.set(None);
            match this.place {
                Some(place) if !verdict.delay().is_zero() => {
                    if let Some(refused) = place.join(verdict) {
                        return Poll::Ready(refused);
                    }
                }
                _ => return Poll::Ready(verdict),
            }
        }
        let place = this.place.as_mut().expect(DONE);
        let number = place.number.expect(DONE);
        let taken = ready!(place.lines.poll(&place.charges, number, cx));
        place.number = None;
        Poll::Ready(taken.expect(DONE).verdict)
    }
}

impl<S: LimitStore, T: Timer> Drop for Place<S, T> {
    fn drop(&mut self) {
        let left = self.number.take().and_then(|number| self.lines.leave(&self.charges, number));
        if let Some(taken) = left {
            self.store.give_back(&taken.limits, &taken.charges);
        }
    }
}

impl<S: LimitStore, T: Timer> fmt::Debug for Turn<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.asked.is_some() { "asking" } else { "waiting" };
        f.debug_struct("Turn").field("state", &at).finish_non_exhaustive()
    }
}
