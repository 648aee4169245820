use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::Clock;
use buttress_core::deadline::Wire;
use buttress_core::{Dice, Repeats, RequestContext};

use crate::budget::{Deposit, Taken};
use crate::decide::{Course, Ended, Rules, Why, decide};
use crate::hedge::Hedging;
use crate::meters::Meters;
use crate::replay::Room;
use crate::when::When;
use crate::{Attempt, Budget, Cost};

/// What all services of a layer share, and all runs of a policy: who decides, and what it costs.
pub(crate) struct Inner<T> {
    pub(crate) name: Cow<'static, str>,
    pub(crate) rules: Rules,
    pub(crate) when: When,
    pub(crate) budget: Budget,
    pub(crate) hedge: Option<Hedging>,
    pub(crate) dice: Dice,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timer: T,
    pub(crate) room: Room,
    pub(crate) repeats: Option<Repeats>,
    pub(crate) wire: Wire,
    pub(crate) meters: Meters,
    pub(crate) has_spans: bool,
}

/// The repeat that was decided, paid for and not sent yet.
pub(crate) struct Next {
    pub(crate) wait: Duration,
    taken: Option<Taken>,
}

impl<T> Inner<T> {
    /// Whether anything is ever sent twice.
    pub(crate) const fn may_repeat(&self) -> bool {
        self.rules.tries > 1 || self.hedge.is_some()
    }

    /// A call begins; one that is the repeat of an outer call earns nothing.
    #[inline]
    pub(crate) fn begin(&self, is_inner: bool) -> Option<Deposit> {
        self.meters.began(Attempt::FIRST);
        (!is_inner).then(|| self.budget.deposit(|| self.clock.recent()))
    }

    /// The same for the cap on hedges, if there are any.
    #[inline]
    pub(crate) fn count_for_hedges(&self, is_inner: bool) {
        if let Some(hedging) = self.hedge.as_ref().filter(|_| !is_inner) {
            hedging.began(|| self.clock.recent());
        }
    }

    /// It was counted just before and has to wait, so that a look at the clock delays nothing.
    #[inline]
    pub(crate) fn waits(&self) {
        let now = self.clock.recent();
        self.budget.look(now);
        self.meters.look_at(&self.budget, now);
        if let Some(hedging) = &self.hedge {
            hedging.look(now);
        }
    }

    /// It succeeded, after a repeat that cost this, or at once.
    #[inline]
    pub(crate) fn succeeded(&self, after: Option<Cost>) {
        self.budget.succeeded(after);
    }

    /// Decides whether there is another attempt, and pays for it.
    #[cold]
    pub(crate) fn decide(
        &self,
        ended: &Ended,
        course: &mut Course,
        deposit: Option<Deposit>,
    ) -> Result<Next, Why> {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        if ended.is_wanted {
            self.budget.failed();
        }
        let chance = self.dice.below(u64::MAX);
        let repeat = decide(&self.rules, ended, course, chance, now, wall)?;
        let taken = match repeat.cost {
            None => None,
            Some(cost) => Some(self.budget.take(cost, deposit, now).ok_or(Why::Budget)?),
        };
        course.go_on(repeat);
        Ok(Next { wait: repeat.wait, taken })
    }

    /// Tells what was decided: to metrics, and to the request that this call is made for.
    pub(crate) fn tell(
        &self,
        decided: Result<&Next, Why>,
        course: &Course,
        context: Option<&RequestContext>,
    ) {
        if let Err(why) = decided {
            self.meters.not_repeated(why);
            if why.is_enough_for_all(course.attempt) {
                match context {
                    Some(context) => context.mark_retried(),
                    None => {
                        RequestContext::current().inspect(RequestContext::mark_retried);
                    }
                }
            }
        }
        if self.meters.is_bound {
            self.meters.show(&self.budget, self.clock.now());
        }
    }

    /// Whether the request that this call is made for is itself a repeat. Where nobody says which that is, it is that
    /// of the scope around.
    #[inline]
    pub(crate) fn is_inner(context: Option<&RequestContext>) -> bool {
        match context {
            Some(context) => context.is_repeat(),
            None => RequestContext::is_repeat_around(),
        }
    }
}

impl Next {
    /// It is on its way, and counted as such: who goes away before has repeated nothing.
    pub(crate) fn send<T>(self, inner: &Inner<T>, course: &Course) {
        if let Some(taken) = self.taken {
            taken.spend();
        }
        inner.meters.began(course.attempt);
        inner.meters.repeated(course.cost);
    }
}

impl<T> fmt::Debug for Inner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .field("when", &self.when)
            .field("budget", &self.budget)
            .field("kept_bytes", &self.room.taken())
            .finish_non_exhaustive()
    }
}
