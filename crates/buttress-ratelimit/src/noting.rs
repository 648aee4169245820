//! What metrics and the audit hear of a decision.

use buttress_core::stage::RequestHead;

use crate::inner::Inner;
use crate::{Charge, Charges, Limits, Retry, Source, Standing, Verdict};

impl<S> Inner<S> {
    /// Whether something is left to be done once these were taken.
    #[inline]
    pub(crate) fn awaits_answer(&self, charges: &Charges) -> bool {
        let awaits =
            |charge: &Charge| self.rule(charge.policy()).is_some_and(|rule| rule.awaits_answer);
        charges.as_slice().iter().any(awaits)
    }

    /// Counts what was decided.
    #[inline]
    pub(crate) fn note(
        &self,
        limits: &Limits,
        charges: &Charges,
        verdict: &Verdict,
        request: &dyn RequestHead,
    ) {
        for (charge, at) in charges.as_slice().iter().zip(0_u8..) {
            if verdict.is_plain(at) {
                self.metered(charge.policy(), |meters| meters.allowed.increment(1));
            } else {
                self.note_unusual(limits, charge, verdict, at, request);
            }
        }
    }

    /// The same of a charge that somebody else has decided about, that has to wait, or that was missed.
    #[inline(never)]
    fn note_unusual(
        &self,
        limits: &Limits,
        charge: &Charge,
        verdict: &Verdict,
        at: u8,
        request: &dyn RequestHead,
    ) {
        self.metered(charge.policy(), |meters| {
            meters.decided_by(source(verdict, at));
            let outcome =
                if verdict.is_missed(at) { &meters.would_refuse } else { &meters.allowed };
            outcome.increment(1);
            if !verdict.delay().is_zero() && !limits.of(charge).queue().is_zero() {
                meters.queued(verdict.delay());
            }
        });
        if let Some(rule) = self.rule(charge.policy())
            && verdict.is_missed(at)
        {
            self.violations.would_refuse(rule, charge.key(), request);
        }
    }

    /// Counts why nothing was taken; who said so.
    pub(crate) fn note_refusal(
        &self,
        charge: &Charge,
        verdict: &Verdict,
        at: u8,
        retry: Retry,
    ) -> Source {
        let source = source(verdict, at);
        self.metered(charge.policy(), |meters| {
            meters.decided_by(source);
            let outcome = match (source, retry) {
                (Source::Denied, _) => &meters.unavailable,
                (_, Retry::Never) => &meters.never,
                (_, Retry::After(_) | Retry::Unknown) => &meters.refused,
            };
            outcome.increment(1);
        });
        source
    }
}

fn source(verdict: &Verdict, at: u8) -> Source {
    verdict.standings().get(usize::from(at)).map_or(Source::Store, Standing::source)
}
