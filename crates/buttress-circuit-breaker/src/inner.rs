use std::borrow::Cow;

use buttress_core::audit::{Action, Actor, Audit, Event, Outcome as Done};
use buttress_core::clock::{Clock, Moment};
use buttress_core::{Dice, HealthStatus};

use crate::bounds::Bounds;
use crate::events::Herald;
use crate::history::History;
use crate::machine::{Machine, Outside};
use crate::meters::Meters;
use crate::parts::Lock;
use crate::refusal::Refusals;
use crate::waiting::Waiting;
use crate::{Mode, State, Transition, Why};

/// A breaker opened, as it had to, or as its switch said.
const OPENED: Action = Action::new("breaker.opened");
/// It closed again.
const CLOSED: Action = Action::new("breaker.closed");
/// An operator held it somewhere, let it go, or made it forget.
const FORCED: Action = Action::new("breaker.forced");

/// It has other settings.
const RECONFIGURED: Action = Action::new("breaker.reconfigured");

/// A machine with a clock, with ears and with a name.
pub(crate) struct Inner {
    pub(crate) machine: Machine,
    pub(crate) refusals: Refusals,
    pub(crate) meters: Meters,
    pub(crate) world: World,
    pub(crate) herald: Herald,
    pub(crate) waiting: Waiting,
    pub(crate) history: Lock<History>,
    pub(crate) hot: Lock<Hot>,
    /// What each change of its settings has to hold to.
    pub(crate) bounds: Bounds,
}

/// What a breaker, or a table of them, has from outside.
pub(crate) struct World {
    pub(crate) name: Cow<'static, str>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) dice: Dice,
    pub(crate) audit: Audit,
}

/// What settings say beside the policy, and may be changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hot {
    pub(crate) health: HealthStatus,
    /// What the settings said last; an operator may have said something else since.
    pub(crate) mode: Mode,
}

impl Outside for Inner {
    fn now(&self) -> Moment {
        self.world.clock.now()
    }

    fn recent(&self) -> Moment {
        self.world.clock.recent()
    }

    fn share(&self) -> f64 {
        self.world.dice.share()
    }

    fn tell(&self, step: &Transition) {
        self.history.lock().push(*step);
        // First, so that a recorder or a sink that panics keeps it from nobody.
        let sleepers = self.herald.tell(step);
        let refused = step.to().is_open().then(|| self.waiting.all());
        self.meters.moved(step);
        self.publish();
        self.world.tell(step);
        // Last, as those who wake look at all of that.
        sleepers.wake();
        drop(refused);
    }
}

impl Inner {
    pub(crate) fn publish(&self) {
        self.meters.publish(|| self.machine.standing());
    }
}

impl World {
    /// Tells the log and the audit.
    pub(crate) fn tell(&self, step: &Transition) {
        self.log(step);
        let action = match (step.why(), step.to()) {
            (Why::Forced | Why::Released | Why::Reset, _) => FORCED,
            (Why::Tripped(_), _) => OPENED,
            (Why::Recovered, _) => CLOSED,
            _ => return,
        };
        if !self.audit.hears(action) {
            return;
        }
        let reason = match step.why() {
            Why::Tripped(trip) => trip.to_string(),
            _ => step.to().to_string(),
        };
        let event = Event::new(action, Done::Succeeded).target(&self.name).reason(&reason);
        self.audit.record(&event.actor(Actor::System("circuit breaker")));
    }

    /// Tells of a breaker of a table. Which one is not known, only a hash of it; and strangers may move many: so the
    /// log hears of it when it is asked for, and the audit only of what an operator did.
    pub(crate) fn tell_of_key(&self, step: &Transition) {
        let (breaker, from, to) = (&*self.name, step.from().as_str(), step.to().as_str());
        tracing::debug!(target: "buttress", breaker, from, to, "circuit breaker of a key moved");
        let why = step.why();
        if matches!(why, Why::Forced | Why::Released | Why::Reset) && self.audit.hears(FORCED) {
            let event = Event::new(FORCED, Done::Succeeded).target(&self.name).reason(to);
            self.audit.record(&event.actor(Actor::System("circuit breaker")));
        }
    }

    /// Tells that somebody gave it other settings.
    pub(crate) fn reconfigured(&self) {
        tracing::info!(target: "buttress", breaker = &*self.name, "circuit breaker has other settings");
        let event = Event::new(RECONFIGURED, Done::Succeeded).target(&self.name);
        self.audit.record(&event.actor(Actor::System("circuit breaker")));
    }

    fn log(&self, step: &Transition) {
        let (breaker, from, to) = (&*self.name, step.from().as_str(), step.to().as_str());
        let why = step.why();
        match why.trip() {
            Some(trip) if matches!(why, Why::WouldTrip(_)) => {
                tracing::warn!(target: "buttress", breaker, %trip, "circuit breaker would have opened");
            }
            Some(trip) => {
                tracing::warn!(target: "buttress", breaker, from, %trip, "circuit breaker opened");
            }
            None if step.to() == State::HalfOpen => {
                tracing::debug!(target: "buttress", breaker, from, to, "circuit breaker moved");
            }
            None => {
                let why = why.as_str();
                tracing::info!(target: "buttress", breaker, from, to, why, "circuit breaker moved");
            }
        }
    }
}
