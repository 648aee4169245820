use std::time::Duration;

use buttress_core::{BuildError, Faults};

use super::cost::{Cost, Prices};
use super::ratio::Ratio;
use super::tokens::{Rules, Tokens};

/// What a budget is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) kind: Kind,
    pub(super) prices: Prices,
    pub(super) misplaced: Misplaced,
}

/// What was said of it that such a budget does not have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Misplaced {
    pub(super) floor: bool,
    pub(super) window: bool,
    pub(super) cost: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Millionths of a repeat that each call brings, repeats a second that nobody has to earn, and millionths to be
    /// earned later.
    Ratio {
        per_call: u64,
        floor: u32,
        window: Duration,
        advance: u64,
    },
    Tokens {
        most: u64,
        rules: Rules,
    },
    Unlimited,
}

/// What is in it.
#[derive(Debug)]
pub(super) enum Purse {
    Ratio(Ratio),
    Tokens(Tokens),
    Unlimited,
}

/// Millionths in a whole.
pub(super) const MILLION: u64 = 1_000_000;
/// Ten repeats for each call are more than anyone wants.
const MOST_PER_CALL: u64 = 10 * MILLION;
const FLOOR: u32 = 3;
const WINDOW: Duration = Duration::from_secs(10);

impl Terms {
    pub(super) fn of_a_ratio(per_call: u64) -> Self {
        let kind = Kind::Ratio { per_call, floor: FLOOR, window: WINDOW, advance: 0 };
        Self::new(kind, Prices::of_a_ratio())
    }

    pub(super) fn of_tokens(most: u32, rules: Rules, prices: Prices) -> Self {
        Self::new(Kind::Tokens { most: u64::from(most) * 1_000, rules }, prices)
    }

    pub(super) fn unlimited() -> Self {
        Self::new(Kind::Unlimited, Prices::all(0))
    }

    fn new(kind: Kind, prices: Prices) -> Self {
        Self { kind, prices, misplaced: Misplaced::default() }
    }

    /// Whether anything in it is paid for by what it is.
    pub(super) const fn has_prices(&self) -> bool {
        match self.kind {
            Kind::Ratio { .. } => true,
            Kind::Tokens { rules, .. } => matches!(rules, Rules::Quota { .. }),
            Kind::Unlimited => false,
        }
    }

    /// A purse in which nothing was taken yet.
    pub(super) fn purse(&self) -> Purse {
        match self.kind {
            Kind::Ratio { per_call, floor, window, advance } => {
                Purse::Ratio(Ratio::new(per_call, floor, window, advance))
            }
            Kind::Tokens { most, rules } => Purse::Tokens(Tokens::new(most, rules)),
            Kind::Unlimited => Purse::Unlimited,
        }
    }

    /// Checks that they make sense.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        match self.kind {
            Kind::Ratio { per_call, floor, window, .. } => {
                if per_call > MOST_PER_CALL {
                    faults.add("ratio", "must be from 0 to 10 repeats for each call");
                }
                if per_call == 0 && floor == 0 {
                    faults.add("ratio", "is 0, and so is the floor: nothing would be repeated");
                }
                if !(Duration::from_millis(10)..=Duration::from_secs(3_600)).contains(&window) {
                    faults.add("window", "must be from 10 milliseconds to an hour");
                }
            }
            Kind::Tokens { most, rules } => self.check_tokens(most, rules, &mut faults),
            Kind::Unlimited => {}
        }
        if Cost::ALL.into_iter().any(|cost| self.prices.of(cost) > 1_000 * Prices::ONE) {
            faults.add("cost", "must be from 0 to 1000");
        }
        self.misplaced.check(&mut faults);
        faults.finish(())
    }

    fn check_tokens(&self, most: u64, rules: Rules, faults: &mut Faults) {
        if most == 0 {
            return faults.add("tokens", "must be at least 1");
        }
        match rules {
            Rules::HalfFull { per_success } if !(1..=most).contains(&per_success) => {
                faults.add("per_success", "must be from a thousandth to as many as there are");
            }
            // One that only the dearest do not fit repeats all others.
            Rules::Quota { .. } if u64::from(self.prices.least()) > most => {
                faults.add("tokens", "are fewer than any repeat costs: nothing would be repeated");
            }
            Rules::HalfFull { .. } | Rules::Quota { .. } => {}
        }
    }
}

impl Misplaced {
    fn check(self, faults: &mut Faults) {
        if self.floor {
            faults.add("floor", "is of a budget by a ratio alone");
        }
        if self.window {
            faults.add("window", "is of a budget by a ratio alone");
        }
        if self.cost {
            faults.add("cost", "is of a budget by a ratio or a quota alone");
        }
    }
}

/// As many thousandths; what is below nothing or no number becomes more than there can be.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no number of tokens is refused when it is checked"
)]
pub(super) fn thousandths(number: f64) -> u64 {
    let number = if number >= 0.0 { number } else { f64::INFINITY };
    (number * 1_000.0).round() as u64
}
