use buttress_core::outcome::{Advice, Judgement, Outcome, Reached};

/// What a call that has ended says of the load of whoever was called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Load {
    /// It was served: how long that took says something.
    Served,
    /// It was answered, if only with a failure: how long that took says nothing.
    Answered,
    /// It was turned away for the load, or never answered.
    TurnedAway,
    /// Nothing.
    Unknown,
}

impl Load {
    pub(crate) fn of(judgement: Judgement) -> Self {
        match judgement.outcome() {
            Outcome::Success => Self::Served,
            Outcome::Failure if says_no_more_than_that(judgement) => Self::Answered,
            Outcome::Throttled | Outcome::Failure => Self::TurnedAway,
            _ => Self::Unknown,
        }
    }
}

/// A failure with a word about coming back is how a server says that it has too much to do, and one without an answer
/// may be how it does not.
fn says_no_more_than_that(failure: Judgement) -> bool {
    failure.advice() == Advice::None && failure.reached() == Reached::Answered
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_fails_is_not_who_has_too_much_to_do() {
        let failed = Judgement::new(Outcome::Failure);
        for (judgement, load) in [
            (Judgement::new(Outcome::Success), Load::Served),
            (failed, Load::Answered),
            (failed.with_advice(Advice::After(Duration::from_secs(1))), Load::TurnedAway),
            (failed.with_advice(Advice::Never), Load::TurnedAway),
            (failed.with_reached(Reached::Perhaps), Load::TurnedAway),
            (failed.with_reached(Reached::No), Load::TurnedAway),
            (Judgement::new(Outcome::Throttled), Load::TurnedAway),
            (Judgement::new(Outcome::Rejected), Load::Unknown),
            (Judgement::new(Outcome::Ignored), Load::Unknown),
            (Judgement::new(Outcome::Abandoned), Load::Unknown),
            (Judgement::new(Outcome::Panicked), Load::Unknown),
        ] {
            assert_eq!(Load::of(judgement), load, "{judgement:?}");
        }
    }
}
