use std::time::Duration;

use buttress_core::clock::{Moment, Timestamp};
use buttress_core::outcome::Outcome;

use super::{BreakerTable, Keyed};
use crate::machine::{Ended, KeyedPass, Outside};
use crate::ticket::Host;
use crate::{State, Transition};

impl Outside for Keyed {
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
        self.meters.moved(step);
        self.world.tell_of_key(step);
    }

    fn moved(&self, from: Option<State>, to: Option<State>) {
        self.meters.keys_moved(1, from, to);
    }
}

/// Its keys are no keys of a table any more, as which others may be counted that have its name.
impl Drop for Keyed {
    fn drop(&mut self) {
        let usage = self.table.usage();
        for state in State::ALL {
            self.meters.keys_moved(usage.in_state(state), Some(state), None);
        }
    }
}

impl Host for BreakerTable {
    type Pass = KeyedPass;

    fn now(&self) -> Moment {
        self.0.world.clock.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.world.clock.wall()
    }

    #[inline]
    fn is_probe(&self, pass: &KeyedPass) -> bool {
        pass.is_probe()
    }

    #[inline]
    fn is_timed(&self, pass: &KeyedPass) -> bool {
        pass.is_timed()
    }

    #[inline]
    fn ends_quietly(&self, pass: &KeyedPass, outcome: Outcome) -> bool {
        let keyed = &*self.0;
        let is_quiet = keyed.table.is_quiet(pass, outcome);
        if is_quiet {
            keyed.meters.ended(outcome);
        }
        is_quiet
    }

    fn is_news(&self, pass: &KeyedPass, outcome: Outcome) -> bool {
        self.0.table.is_news(pass, outcome)
    }

    #[inline]
    fn heard(&self, outcome: Outcome) {
        self.0.meters.ended(outcome);
    }

    fn settle(&self, pass: KeyedPass, ended: Ended) {
        self.0.table.settle(pass, ended, &*self.0);
    }

    fn hangs(&self, pass: KeyedPass) -> KeyedPass {
        self.0.table.hangs(pass, &*self.0)
    }

    fn slow(&self) -> Duration {
        self.0.table.slow()
    }
}
