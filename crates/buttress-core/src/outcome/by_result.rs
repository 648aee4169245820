use std::any::Any;

use super::{Advice, Judgement, LocalRefusal, Outcome, Reached};
use crate::{Code, Problem};

/// What a result says that nobody judges: a value is a success, and any error a failure.
///
/// Of an error that is a [`Problem`] more is known. A refusal by another part of our own wall says nothing of whom was
/// called, a time that was over leaves it open how far the call got, and when to come back is heeded.
///
/// ```
/// use std::time::Duration;
/// use buttress_core::outcome::{Advice, Outcome, Reached, by_result};
/// use buttress_core::{Code, Problem};
///
/// assert_eq!(by_result(Ok::<_, &String>(&7)).outcome(), Outcome::Success);
/// assert_eq!(by_result(Err::<&u8, _>(&"no".to_owned())).outcome(), Outcome::Failure);
///
/// let judged = |problem: Problem| by_result(Err::<&u8, _>(&problem));
/// assert_eq!(judged(Problem::new(Code::CIRCUIT_OPEN)).outcome(), Outcome::Rejected);
/// assert_eq!(judged(Problem::timed_out()).reached(), Reached::Perhaps);
///
/// let second = Duration::from_secs(1);
/// let told = judged(Problem::new(Code::DEPENDENCY_FAILED).with_retry_after(second));
/// assert_eq!((told.outcome(), told.advice()), (Outcome::Failure, Advice::After(second)));
/// ```
#[inline]
pub fn by_result<T, E: 'static>(result: Result<&T, &E>) -> Judgement {
    match result {
        Ok(_) => Judgement::new(Outcome::Success),
        Err(error) => {
            (error as &dyn Any).downcast_ref().map_or(Judgement::new(Outcome::Failure), by_problem)
        }
    }
}

fn by_problem(problem: &Problem) -> Judgement {
    if let Some(refused) = LocalRefusal::of(problem) {
        return refused;
    }
    let is_late = problem.code() == Code::TIMED_OUT;
    Judgement::new(Outcome::Failure)
        .with_reached(if is_late { Reached::Perhaps } else { Reached::Answered })
        .with_advice(problem.retry_after().map_or(Advice::None, Advice::After))
}
