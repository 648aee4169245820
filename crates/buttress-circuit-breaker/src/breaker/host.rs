use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::Outcome;

use super::Breaker;
use crate::machine::{Ended, Pass};
use crate::ticket::Host;

impl Host for Breaker {
    type Pass = Pass;

    fn now(&self) -> Moment {
        self.0.world.clock.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.world.clock.wall()
    }

    #[inline]
    fn is_probe(&self, pass: &Pass) -> bool {
        pass.is_probe()
    }

    #[inline]
    fn is_timed(&self, pass: &Pass) -> bool {
        pass.is_timed()
    }

    #[inline]
    fn ends_quietly(&self, pass: &Pass, outcome: Outcome) -> bool {
        let inner = &*self.0;
        let is_quiet = inner.machine.is_quiet(*pass, outcome);
        if is_quiet {
            inner.meters.ended(outcome);
        }
        is_quiet
    }

    fn is_news(&self, pass: &Pass, outcome: Outcome) -> bool {
        self.0.machine.is_news(pass, outcome)
    }

    #[inline]
    fn heard(&self, outcome: Outcome) {
        self.0.meters.ended(outcome);
    }

    fn settle(&self, pass: Pass, ended: Ended) {
        self.0.machine.settle(pass, ended, &*self.0);
    }

    fn hangs(&self, pass: Pass) -> Pass {
        self.0.machine.hangs(pass, &*self.0)
    }

    fn slow(&self) -> Duration {
        self.0.machine.slow()
    }
}
