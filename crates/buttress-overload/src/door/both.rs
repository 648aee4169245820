//! Two guards at one door.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Problem;
use buttress_core::outcome::{BodyKind, Judgement, Outcome, Ticket};
use pin_project_lite::pin_project;

use super::{Admission, Guard, sealed};
use crate::Priority;

impl<A: Guard, B: Guard> sealed::Sealed for (A, B) {}

/// The first is asked first; what it turns away, the second never sees.
impl<A: Guard, B: Guard> Guard for (A, B) {
    type Ticket = Both<A::Ticket, B::Ticket>;
    type Wait = BothWait<A, B>;

    #[inline]
    fn admit(&self, priority: Priority) -> Admission<Self::Ticket, Self::Wait> {
        match self.0.admit(priority) {
            Admission::In(first) => admit_second(&self.1, first, priority),
            Admission::Out(problem) => Admission::Out(problem),
            Admission::Wait(wait) => {
                let state = State::First { wait, second: self.1.clone(), priority };
                Admission::Wait(BothWait { state })
            }
        }
    }
}

#[inline]
fn admit_second<A: Guard, B: Guard>(
    second: &B,
    first: A::Ticket,
    priority: Priority,
) -> Admission<Both<A::Ticket, B::Ticket>, BothWait<A, B>> {
    match second.admit(priority) {
        Admission::In(ticket) => Admission::In(Both(first, ticket)),
        Admission::Out(problem) => {
            not_made(first);
            Admission::Out(problem)
        }
        Admission::Wait(wait) => {
            Admission::Wait(BothWait { state: State::Second { wait, first: Some(first) } })
        }
    }
}

/// For the first guard it is one of our own refusals: no news of the dependency.
#[cold]
fn not_made(first: impl Ticket) {
    first.settle(Judgement::new(Outcome::Rejected));
}

/// The tickets of two guards.
#[derive(Debug)]
pub struct Both<A, B>(A, B);

impl<A: Ticket, B: Ticket> Ticket for Both<A, B> {
    #[inline]
    fn settle(self, judgement: Judgement) {
        self.0.settle(judgement);
        self.1.settle(judgement);
    }

    fn headed(&mut self) {
        self.0.headed();
        self.1.headed();
    }

    fn headed_by(&mut self, kind: BodyKind) {
        self.0.headed_by(kind);
        self.1.headed_by(kind);
    }

    fn progressed(&mut self) {
        self.0.progressed();
        self.1.progressed();
    }
}

pin_project! {
    /// The wait for two guards, one after the other.
    pub struct BothWait<A: Guard, B: Guard> {
        #[pin]
        state: State<A::Wait, A::Ticket, B, B::Wait>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<W, T, B, V> {
        First { #[pin] wait: W, second: B, priority: Priority },
        Second { #[pin] wait: V, first: Option<T> },
    }
}

impl<A: Guard, B: Guard> Future for BothWait<A, B> {
    type Output = Result<Both<A::Ticket, B::Ticket>, Problem>;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::First { wait, second, priority } => {
                    let first = ready!(wait.poll(cx))?;
                    match admit_second::<A, B>(second, first, *priority) {
                        Admission::In(tickets) => return Poll::Ready(Ok(tickets)),
                        Admission::Out(problem) => return Poll::Ready(Err(problem)),
                        Admission::Wait(next) => next.state,
                    }
                }
                StateProj::Second { wait, first } => {
                    let second = ready!(wait.poll(cx));
                    let first = first.take().expect("the future was polled after it had completed");
                    return Poll::Ready(match second {
                        Ok(second) => Ok(Both(first, second)),
                        Err(problem) => {
                            not_made(first);
                            Err(problem)
                        }
                    });
                }
            };
            state.set(next);
        }
    }
}

impl<A: Guard, B: Guard> fmt::Debug for BothWait<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BothWait").finish_non_exhaustive()
    }
}
