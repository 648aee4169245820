use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use super::tape::Tape;

/// What the sending of a body has come to, as whoever makes the call may ask while somebody else reads it: whether the
/// caller is to blame for what goes wrong. No part of the public interface.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "it is no part of the interface")]
pub struct Upload<B>(Of<B>);

enum Of<B> {
    Passing(Arc<Progress>),
    Taped(Arc<Tape<B>>),
}

impl<B> Upload<B> {
    pub(super) const fn passing(progress: Arc<Progress>) -> Self {
        Self(Of::Passing(progress))
    }

    pub(super) const fn taped(tape: Arc<Tape<B>>) -> Self {
        Self(Of::Taped(tape))
    }

    /// Whether it waits for the caller, or was broken by the caller. Not so while nobody has asked for it, nor where it
    /// waits for its reader.
    #[must_use]
    pub fn is_callers_fault(&self) -> bool {
        match &self.0 {
            Of::Passing(progress) => progress.is_callers_fault(),
            Of::Taped(tape) => tape.progress.is_callers_fault(),
        }
    }
}

/// Whether the reader of a body had to wait for the caller when it last asked, or heard that it broke.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicBool);

impl Progress {
    /// Asks the caller's body. If that panics, it is broken.
    #[inline]
    pub(super) fn of<T, E>(
        &self,
        poll: impl FnOnce() -> Poll<Option<Result<T, E>>>,
    ) -> Poll<Option<Result<T, E>>> {
        self.0.store(true, Relaxed);
        let polled = poll();
        if matches!(polled, Poll::Ready(None | Some(Ok(_)))) {
            self.0.store(false, Relaxed);
        }
        polled
    }

    fn is_callers_fault(&self) -> bool {
        self.0.load(Relaxed)
    }
}
