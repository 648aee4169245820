use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// An answer that is there, or what has to be waited for until it is.
///
/// A store in memory answers at once, so there is no future at all, and no box. Where `W` is
/// [`Never`](crate::stage::Never), the compiler knows that there is nothing to wait for. If that does not matter, await
/// it:
///
/// ```
/// use buttress_core::engine::Step;
/// use std::future::Ready;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let now: Step<u32, Ready<u32>> = Step::Now(7);
/// let later: Step<u32, Ready<u32>> = Step::Later(std::future::ready(8));
/// assert_eq!((now.await, later.await), (7, 8));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it may have to be waited for"]
#[expect(clippy::exhaustive_enums, reason = "who decides must heed both")]
pub enum Step<T, W> {
    /// Here it is.
    Now(T),
    /// It has to be waited for.
    Later(W),
}

impl<T, W> IntoFuture for Step<T, W>
where
    W: Future<Output: Into<T>>,
{
    type Output = T;
    type IntoFuture = StepFuture<T, W>;

    fn into_future(self) -> Self::IntoFuture {
        let state = match self {
            Self::Now(answer) => State::Ready { answer: Some(answer) },
            Self::Later(wait) => State::Asking { wait },
        };
        StepFuture { state }
    }
}

pin_project! {
    /// A [`Step`] that is awaited.
    #[must_use = "futures do nothing unless polled"]
    pub struct StepFuture<T, W> {
        #[pin]
        state: State<T, W>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<T, W> {
        Ready { answer: Option<T> },
        Asking { #[pin] wait: W },
    }
}

impl<T, W> Future for StepFuture<T, W>
where
    W: Future<Output: Into<T>>,
{
    type Output = T;

    #[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.project().state.project() {
            StateProj::Ready { answer } => {
                Poll::Ready(answer.take().expect("the future was polled after it had completed"))
            }
            StateProj::Asking { wait } => wait.poll(cx).map(Into::into),
        }
    }
}

impl<T, W> fmt::Debug for StepFuture<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match &self.state {
            State::Ready { .. } => "ready",
            State::Asking { .. } => "asking",
        };
        f.debug_struct("StepFuture").field("state", &at).finish()
    }
}
