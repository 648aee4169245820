use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_core::Problem;
use buttress_core::outcome::{Judgement, Ticket};
use buttress_core::stage::Never;

use crate::Priority;

/// Who stands at the [door](super), and lets calls in.
///
/// Sealed: [`Adaptive`](crate::adaptive::Adaptive), [`Throttle`](crate::throttle::Throttle),
/// [`Shed`](crate::shed::Shed), [`Bulkhead`](crate::bulkhead::Bulkhead), an `Option` of one, which lets all in that is
/// `None`, and two of them, `(first, second)`.
pub trait Guard: sealed::Sealed + Clone + Send + Sync + 'static {
    /// What is held during the call, and told how it ended.
    type Ticket: Ticket;
    /// The wait for a ticket; [`NeverWaits`] for most.
    type Wait: Future<Output = Result<Self::Ticket, Problem>> + Send + 'static;

    /// Decides about a call that wants in.
    fn admit(&self, priority: Priority) -> Admission<Self::Ticket, Self::Wait>;
}

/// What a [`Guard`] says of a call.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "who calls must heed all three")]
pub enum Admission<T, W> {
    /// It is let in.
    In(T),
    /// It is turned away.
    Out(Problem),
    /// It has to wait.
    Wait(W),
}

/// The wait of a guard that decides at once: a future of which there is none.
#[derive(Debug)]
pub struct NeverWaits<T>(Never, PhantomData<fn() -> T>);

impl<T> Future for NeverWaits<T> {
    type Output = Result<T, Problem>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0 {}
    }
}

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "this is what seals `Guard`")]
    pub trait Sealed {}
}

/// Any call at all behind a guard, without tower.
pub(crate) async fn call<G, F, Fut, T, E>(
    guard: &G,
    priority: Priority,
    judge: impl FnOnce(Result<&T, &E>) -> Judgement,
    work: F,
) -> Result<T, E>
where
    G: Guard,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Problem>,
{
    let ticket = match guard.admit(priority) {
        Admission::In(ticket) => ticket,
        Admission::Out(problem) => return Err(problem.into()),
        Admission::Wait(wait) => wait.await?,
    };
    let result = work().await;
    ticket.settle(judge(result.as_ref()));
    result
}
