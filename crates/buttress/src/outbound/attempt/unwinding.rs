use buttress_core::outcome::Outcome;

use super::asked::Asked;

/// Stands on the stack while others' code runs: that it is dropped means that this panics.
pub(super) struct Unwinding<'a, A> {
    asked: &'a mut Asked<A>,
    runs: Runs,
}

enum Runs {
    Call,
    Judge,
}

impl<'a, A> Unwinding<'a, A> {
    /// The call runs.
    #[inline]
    pub(super) const fn of_call(asked: &'a mut Asked<A>) -> Self {
        Self { asked, runs: Runs::Call }
    }

    /// The judge does, which is no news of whom was called.
    #[inline]
    pub(super) const fn of_judge(asked: &'a mut Asked<A>) -> Self {
        Self { asked, runs: Runs::Judge }
    }

    /// What was asked, meanwhile.
    #[inline]
    pub(super) const fn asked(&mut self) -> &mut Asked<A> {
        self.asked
    }

    /// It came back.
    #[inline]
    pub(super) fn done(self) {
        std::mem::forget(self);
    }
}

impl<A> Drop for Unwinding<'_, A> {
    #[cold]
    fn drop(&mut self) {
        match self.runs {
            Runs::Call => self.asked.panicked(),
            Runs::Judge => {
                if let Some(ticket) = self.asked.ticket.take() {
                    ticket.settle(Outcome::Ignored);
                }
            }
        }
    }
}
