use buttress_core::outcome::{Classify, Outcome};

/// A set of outcomes: a bit for each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    pub(super) fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        Self(outcomes.into_iter().map(bit).fold(0, |all, bit| all | bit))
    }

    /// Whether a call ended with one of them, as far as its head shows.
    pub(super) fn contain<C, Res, Err>(self, classify: &C, result: &Result<Res, Err>) -> bool
    where
        C: Classify<Res, Err>,
    {
        let outcome = match result {
            Ok(response) => classify.response(response).outcome().unwrap_or(Outcome::Success),
            Err(error) => classify.error(error).outcome(),
        };
        self.0 & bit(outcome) != 0
    }
}

fn bit(outcome: Outcome) -> u8 {
    let at = Outcome::ALL.iter().position(|one| *one == outcome);
    at.map_or(0, |at| 1 << at)
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use buttress_core::outcome::classify_fn;

    use super::*;

    #[test]
    fn each_is_a_bit_of_its_own() {
        for one in Outcome::ALL {
            let judge = classify_fn(|result: Result<&Outcome, &Outcome>| match result {
                Ok(outcome) | Err(outcome) => *outcome,
            });
            for other in Outcome::ALL {
                let set = Outcomes::of([one]);
                assert_eq!(set.contain(&judge, &Ok(other)), one == other);
                assert_eq!(set.contain(&judge, &Err(other)), one == other);
            }
        }
    }
}
