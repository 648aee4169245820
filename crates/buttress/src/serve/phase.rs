use std::fmt;
use std::time::Duration;

use buttress_core::clock::Moment;

/// How far a shutdown has come.
///
/// ```
/// use buttress::serve::Phase;
///
/// assert!(Phase::Serving < Phase::Draining && Phase::Draining < Phase::Closing);
/// assert_eq!(Phase::Draining.to_string(), "draining");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Phase {
    /// Nobody has asked for an end.
    #[default]
    Serving,
    /// Told to stop, and still serving, so that load balancers can look away.
    Draining,
    /// No new connections; requests that have begun are finished.
    Closing,
    /// What is left is cut off. It has a second to go; who still holds a thread then is left behind.
    Aborting,
    /// Nothing is waited for any more; hooks run.
    Ended,
}

impl Phase {
    /// All of them, in order.
    pub(super) const ALL: [Self; 5] =
        [Self::Serving, Self::Draining, Self::Closing, Self::Aborting, Self::Ended];

    /// The name in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Closing => "closing",
            Self::Aborting => "aborting",
            Self::Ended => "ended",
        }
    }

    pub(super) fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Ended)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who asked for the end, and so how much time there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ask {
    /// An orchestrator or a handle: the lead time is kept.
    Orderly,
    /// Somebody at a keyboard: nobody has to look away first.
    Prompt,
}

/// What is cut off goes at once, unless a handler holds its thread. There is no end of that to wait for.
const CUT: Duration = Duration::from_secs(1);

/// When a shutdown goes on to its next phase: decided here, and nowhere else.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    lead: Duration,
    grace: Duration,
    phase: Phase,
    until: Option<Moment>,
}

impl Plan {
    pub(super) fn new(lead: Duration, grace: Duration) -> Self {
        Self { lead, grace, phase: Phase::Serving, until: None }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// When the present phase ends by itself.
    pub(super) fn until(&self) -> Option<Moment> {
        self.until
    }

    /// Somebody asks for the end. Asked again, it ends sooner: the lead time first, then the grace, then the
    /// wait for what was cut off.
    pub(super) fn ask(&mut self, ask: Ask, now: Moment) {
        match (self.phase, ask) {
            (Phase::Serving, Ask::Orderly) => self.enter(Phase::Draining, Some(now + self.lead)),
            // Draining all the same, so that whoever waits for it is told; but for no time.
            (Phase::Serving, Ask::Prompt) => self.enter(Phase::Draining, Some(now)),
            (Phase::Draining | Phase::Closing | Phase::Aborting, _) => self.until = Some(now),
            (Phase::Ended, _) => {}
        }
    }

    /// Whether it is time to cut off what is left.
    pub(super) fn cuts(&self, now: Moment) -> bool {
        self.phase == Phase::Closing && self.until.is_some_and(|until| until <= now)
    }

    /// Goes on if it is time; `open` is how many connections there are, and handlers without one. Says whether it went
    /// on.
    pub(super) fn advance(&mut self, now: Moment, open: usize) -> bool {
        let due = self.until.is_some_and(|until| until <= now);
        match self.phase {
            Phase::Draining if due => self.enter(Phase::Closing, Some(now + self.grace)),
            Phase::Closing | Phase::Aborting if open == 0 => self.enter(Phase::Ended, None),
            Phase::Closing if due => self.enter(Phase::Aborting, Some(now + CUT)),
            Phase::Aborting if due => self.enter(Phase::Ended, None),
            _ => return false,
        }
        true
    }

    fn enter(&mut self, phase: Phase, until: Option<Moment>) {
        (self.phase, self.until) = (phase, until);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(n: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(n)
    }

    fn plan() -> Plan {
        Plan::new(Duration::from_secs(5), Duration::from_secs(25))
    }

    #[test]
    fn an_orderly_end_takes_lead_and_grace() {
        let mut plan = plan();
        plan.ask(Ask::Orderly, second(0));
        assert!(!plan.advance(second(4), 3));
        assert_eq!(plan.phase(), Phase::Draining);
        assert!(plan.advance(second(5), 3));
        assert_eq!((plan.phase(), plan.until()), (Phase::Closing, Some(second(30))));
        assert!(!plan.advance(second(29), 1));
        assert!(plan.advance(second(30), 1));
        assert_eq!(plan.phase(), Phase::Aborting);
        assert!(plan.advance(second(30), 0));
        assert_eq!(plan.phase(), Phase::Ended);
    }

    #[test]
    fn without_connections_the_lead_time_is_kept_all_the_same() {
        let mut plan = plan();
        plan.ask(Ask::Orderly, second(0));
        assert!(!plan.advance(second(1), 0), "clients may still be sent here");
        assert!(plan.advance(second(5), 0));
        assert!(plan.advance(second(5), 0));
        assert_eq!(plan.phase(), Phase::Ended);
    }

    #[test]
    fn asked_again_it_ends_sooner() {
        let mut plan = plan();
        plan.ask(Ask::Prompt, second(0));
        assert!(plan.advance(second(0), 1));
        assert_eq!(plan.phase(), Phase::Closing);
        assert!(!plan.cuts(second(1)));
        plan.ask(Ask::Prompt, second(1));
        assert!(plan.cuts(second(1)) && plan.advance(second(1), 1));
        assert_eq!((plan.phase(), plan.until()), (Phase::Aborting, Some(second(2))));

        let mut plan = self::plan();
        plan.ask(Ask::Orderly, second(0));
        plan.ask(Ask::Orderly, second(1));
        assert!(plan.advance(second(1), 1));
        assert_eq!(plan.until(), Some(second(26)));
    }

    #[test]
    fn what_cannot_be_cut_off_is_left_behind() {
        let mut plan = plan();
        plan.ask(Ask::Prompt, second(0));
        assert!(plan.advance(second(0), 1));
        assert!(plan.advance(second(25), 1));
        assert_eq!((plan.phase(), plan.until()), (Phase::Aborting, Some(second(26))));
        let mut asked_again = plan.clone();
        assert!(!plan.advance(second(25), 1));
        assert!(plan.advance(second(26), 1));
        assert_eq!((plan.phase(), plan.until()), (Phase::Ended, None));

        asked_again.ask(Ask::Orderly, second(25));
        assert!(asked_again.advance(second(25), 1));
        assert_eq!(asked_again.phase(), Phase::Ended);
    }

    proptest! {
        /// Phases only go forward, and whatever happens the last comes in lead, grace and a second.
        #[test]
        fn the_end_comes(steps in prop::collection::vec((0_u64..20, 0_u8..4, 0_usize..3), 1..60)) {
            let mut plan = plan();
            let (mut now, mut asked, mut before) = (0, None, Phase::Serving);
            for (pause, what, open) in steps {
                // The server wakes when a phase is over, so time never passes an end unseen.
                now = (now + pause).min(plan.until().map_or(u64::MAX, |until| until.as_nanos() / 1_000_000_000));
                match what {
                    0 => { plan.ask(Ask::Orderly, second(now)); asked.get_or_insert(now); }
                    1 => { plan.ask(Ask::Prompt, second(now)); asked.get_or_insert(now); }
                    _ => { plan.advance(second(now), open); }
                }
                prop_assert!(plan.phase() >= before);
                before = plan.phase();
                match asked {
                    None => prop_assert_eq!(plan.phase(), Phase::Serving),
                    Some(asked) => prop_assert!(plan.until().is_none_or(|until| until <= second(asked + 31))),
                }
            }
            while let Some(until) = plan.until() {
                prop_assert!(plan.advance(until, 1));
            }
            prop_assert_eq!(plan.phase() == Phase::Ended, asked.is_some());
        }
    }
}
