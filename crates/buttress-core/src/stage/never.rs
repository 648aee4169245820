use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The wait of a stage that never waits: a future of which there is none.
///
/// ```
/// use buttress_core::stage::{Decision, Never, Stage};
///
/// // Such a stage has three decisions, and the compiler knows.
/// fn passes<T: Stage<Wait = Never>>(stage: &T) -> bool {
///     match stage.enter(&mut http::Request::new(())) {
///         Decision::Pass(_) => true,
///         Decision::Answer(..) | Decision::Refuse(..) => false,
///     }
/// }
///
/// assert!(passes(&buttress_core::Context::default()));
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value, now and ever")]
pub enum Never {}

impl Future for Never {
    type Output = Self;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self> {
        match *self {}
    }
}

/// What is taken when a future completes. A future may not be polled after that.
#[expect(clippy::expect_used, reason = "the contract of `Future`: the caller's bug, as in std")]
pub(super) fn once<X>(slot: &mut Option<X>) -> X {
    slot.take().expect("the future was polled after it had completed")
}
