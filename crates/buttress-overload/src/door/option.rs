//! A guard that may be missing: a part that was not asked for, in a service that has a place for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::Problem;
use buttress_core::outcome::{BodyKind, Judgement, Ticket};
use pin_project_lite::pin_project;

use super::{Admission, Guard, sealed};
use crate::Priority;

impl<G: Guard> sealed::Sealed for Option<G> {}

impl<G: Guard> Guard for Option<G> {
    type Ticket = Perhaps<G::Ticket>;
    type Wait = PerhapsWaits<G::Wait>;

    #[inline]
    fn admit(&self, priority: Priority) -> Admission<Self::Ticket, Self::Wait> {
        match self.as_ref().map(|guard| guard.admit(priority)) {
            None => Admission::In(Perhaps(None)),
            Some(Admission::In(ticket)) => Admission::In(Perhaps(Some(ticket))),
            Some(Admission::Out(problem)) => Admission::Out(problem),
            Some(Admission::Wait(wait)) => Admission::Wait(PerhapsWaits { wait }),
        }
    }
}

/// The ticket of a guard that may be missing.
#[derive(Debug)]
pub struct Perhaps<T>(Option<T>);

impl<T: Ticket> Ticket for Perhaps<T> {
    #[inline]
    fn settle(self, judgement: Judgement) {
        if let Some(ticket) = self.0 {
            ticket.settle(judgement);
        }
    }

    fn headed(&mut self) {
        self.0.iter_mut().for_each(Ticket::headed);
    }

    fn headed_by(&mut self, kind: BodyKind) {
        self.0.iter_mut().for_each(|ticket| ticket.headed_by(kind));
    }

    fn progressed(&mut self) {
        self.0.iter_mut().for_each(Ticket::progressed);
    }
}

pin_project! {
    /// The wait of a guard that may be missing.
    #[derive(Debug)]
    pub struct PerhapsWaits<W> {
        #[pin]
        wait: W,
    }
}

impl<T, W: Future<Output = Result<T, Problem>>> Future for PerhapsWaits<W> {
    type Output = Result<Perhaps<T>, Problem>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ticket = ready!(self.project().wait.poll(cx));
        Poll::Ready(ticket.map(|ticket| Perhaps(Some(ticket))))
    }
}
