mod why;

use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::{Judgement, Outcome, Reached};

pub(crate) use self::why::Why;
use crate::replay::Lost;
use crate::when::Safety;
use crate::{Attempt, Backoff, Cost, Follow, Pauses};

/// What decides whether there is another attempt, beside the request and its end.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// How many attempts there are at most.
    pub(crate) tries: u32,
    pub(crate) backoff: Backoff,
    pub(crate) follow: Follow,
    /// Whether a refusal of our own wall is waited for, if its wait fits the deadline.
    pub(crate) wait_for_refusals: bool,
    /// What an attempt takes at least: with less time left, none is begun.
    pub(crate) least_attempt: Duration,
}

/// How an attempt ended, and what may be done about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) judgement: Judgement,
    /// Whether this is an end after which one tries again.
    pub(crate) is_wanted: bool,
    pub(crate) safety: Safety,
    pub(crate) is_grpc: bool,
    /// Whether the call is itself the repeat of an outer one.
    pub(crate) is_inner: bool,
    pub(crate) body: Result<(), Lost>,
    pub(crate) deadline: Option<Deadline>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) attempt: Attempt,
    /// Attempts that count.
    tries: u32,
    /// Whether one was free already.
    has_had_free: bool,
    pauses: Pauses,
    /// What the last repeat cost.
    pub(crate) cost: Option<Cost>,
}

/// There is to be another attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Repeat {
    pub(crate) wait: Duration,
    /// What it costs; nothing if it is free.
    pub(crate) cost: Option<Cost>,
}

impl Course {
    pub(crate) const fn new() -> Self {
        Self {
            attempt: Attempt::FIRST,
            tries: 1,
            has_had_free: false,
            pauses: Pauses::new(),
            cost: None,
        }
    }

    /// Notes that a second attempt is made beside this one. It is no try of its own, but it is what was paid last.
    pub(crate) fn hedged(&mut self) {
        self.attempt = self.attempt.next();
        self.cost = Some(Cost::Hedge);
    }

    /// Notes that the repeat is made.
    pub(crate) fn go_on(&mut self, repeat: Repeat) {
        self.attempt = self.attempt.next();
        self.cost = repeat.cost;
        match repeat.cost {
            Some(_) => self.tries = self.tries.saturating_add(1),
            None => self.has_had_free = true,
        }
    }
}

/// Whether there is another attempt, and when. What it costs has to be paid still: that comes last, so that nothing is
/// taken which would have to be given back.
pub(crate) fn decide(
    rules: &Rules,
    ended: &Ended,
    course: &mut Course,
    chance: u64,
    now: Moment,
    wall: Timestamp,
) -> Result<Repeat, Why> {
    let free = is_free(ended.judgement) && !course.has_had_free && rules.tries > 1;
    check(rules, ended, course, free, wall)?;
    let pause = if free { Pause::none() } else { pause(rules, ended, course, chance, wall)? };
    let is_late = |wait| {
        let begins = now + wait + rules.least_attempt;
        ended.deadline.is_some_and(|deadline| deadline.is_over(begins))
    };
    if is_late(pause.least) {
        let is_refused = ended.judgement.outcome() == Outcome::Rejected;
        return Err(if is_refused { Why::Refused } else { Why::Deadline });
    }
    // Spreading may cost no attempt that would have fitted.
    let wait = if is_late(pause.spread) { pause.least } else { pause.spread };
    Ok(Repeat { wait, cost: (!free).then(|| cost_of(ended.judgement)) })
}

/// Whether there may be another attempt, whenever that is.
fn check(
    rules: &Rules,
    ended: &Ended,
    course: &Course,
    free: bool,
    wall: Timestamp,
) -> Result<(), Why> {
    let judgement = ended.judgement;
    if !ended.is_wanted {
        return Err(Why::Outcome);
    }
    if judgement.is_final() || ended.safety == Safety::Never {
        return Err(if judgement.is_final() { Why::Final } else { Why::Method });
    }
    if course.tries >= rules.tries && !free {
        return Err(Why::Tries);
    }
    if judgement.outcome() == Outcome::Rejected && !is_worth_waiting(rules, ended, wall) {
        return Err(Why::Refused);
    }
    if !judgement.is_unprocessed() {
        if ended.safety != Safety::Repeatable {
            return Err(Why::Method);
        }
        if ended.is_inner {
            return Err(Why::Inner);
        }
    }
    Ok(ended.body?)
}

/// How long to wait: no less than the one, and rather the other, so that not all who were told the same come back at
/// once.
struct Pause {
    least: Duration,
    spread: Duration,
}

impl Pause {
    const fn none() -> Self {
        Self::exactly(Duration::ZERO)
    }

    const fn exactly(time: Duration) -> Self {
        Self { least: time, spread: time }
    }

    /// As advised, if that is more than our own pause, and later by as much as chance has prolonged that.
    fn spread(least: Duration, own: Duration, by_chance: Duration, at_most: Duration) -> Self {
        if least <= own {
            return Self::exactly(own);
        }
        Self { least, spread: least.saturating_add(by_chance).min(at_most).max(least) }
    }
}

/// Once in a call an attempt is free that a living dependency never took: a connection that was about to close, a
/// stream that was refused. One that cannot be reached at all has failed, and its repeats count.
fn is_free(judgement: Judgement) -> bool {
    judgement.is_unprocessed()
        && !matches!(judgement.outcome(), Outcome::Failure | Outcome::Rejected)
}

/// Without a deadline nobody knows whether it fits, and a refusal without a time to wait may last.
fn is_worth_waiting(rules: &Rules, ended: &Ended, wall: Timestamp) -> bool {
    rules.wait_for_refusals
        && ended.deadline.is_some()
        && ended.judgement.wait_advised(wall).is_some()
}

fn pause(
    rules: &Rules,
    ended: &Ended,
    course: &mut Course,
    chance: u64,
    wall: Timestamp,
) -> Result<Pause, Why> {
    let own = course.pauses.next(&rules.backoff, chance);
    let by_chance = course.pauses.by_chance(&rules.backoff);
    let Some(advised) = ended.judgement.wait_advised(wall) else { return Ok(Pause::exactly(own)) };
    let is_refused = ended.judgement.outcome() == Outcome::Rejected;
    if is_refused && !matches!(rules.follow, Follow::UpTo(_)) {
        // Our own wall means it, whatever is thought of others: who comes sooner is refused again.
        return Ok(Pause::spread(advised, own, by_chance, Duration::MAX));
    }
    if ended.is_grpc && !is_refused {
        course.pauses.restart();
        return rules.follow.pushback(own, advised).map(Pause::exactly).ok_or(Why::Advice);
    }
    let least = rules.follow.pause(own, advised).ok_or(Why::Advice)?;
    Ok(Pause::spread(least, own, by_chance, rules.follow.longest(own)))
}

const fn cost_of(judgement: Judgement) -> Cost {
    match (judgement.outcome(), judgement.reached()) {
        (Outcome::Throttled, _) => Cost::Throttled,
        (Outcome::Rejected, _) | (_, Reached::No) => Cost::Unsent,
        (_, Reached::Perhaps) => Cost::Unanswered,
        (_, Reached::Answered) => Cost::Failure,
    }
}

#[cfg(test)]
mod tests;
