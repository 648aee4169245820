use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::{Code, Problem};

/// Runs `act`; where panics are caught, one becomes a problem.
///
/// Unwind safety is asserted: whatever panicked is dropped, and never called or polled again.
#[inline]
pub(super) fn caught<R>(catch: bool, act: impl FnOnce() -> R) -> Result<R, Problem> {
    if !catch {
        return Ok(act());
    }
    catch_unwind(AssertUnwindSafe(act)).map_err(problem)
}

/// [`caught`] for a poll: one that panicked is pending, with the problem beside it.
///
/// Around the output there is no `Result` then, into which a whole response would have to be moved.
#[inline]
pub(super) fn caught_poll<R>(
    catch: bool,
    panic: &mut Option<Problem>,
    poll: impl FnOnce() -> Poll<R>,
) -> Poll<R> {
    if !catch {
        return poll();
    }
    catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|payload| {
        *panic = Some(problem(payload));
        Poll::Pending
    })
}

#[cold]
pub(super) fn problem(payload: Box<dyn Any + Send>) -> Problem {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    // What was thrown may itself throw.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(payload);
    }
    Problem::new(Code::INTERNAL).with_source(Panicked(text.unwrap_or_default()))
}

/// The source of a problem that was a panic, with what the panic said.
#[derive(Debug)]
struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl Error for Panicked {}
