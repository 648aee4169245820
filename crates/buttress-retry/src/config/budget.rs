use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Budget, Cost};

/// How many repeats there may be, whatever fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BudgetSettings {
    /// How many repeats there may be for a hundred calls. By default 20.
    pub percent: Option<f64>,
    /// How many repeats a second there may be beside, for clients with few calls. By default 3.
    pub floor: Option<u32>,
    /// How long the past is whose calls count, in milliseconds. By default 10,000.
    pub window_ms: Option<u64>,
    /// How many repeats one counts for after an answer that asked for fewer calls, as 429. By default 2.
    pub throttled_cost: Option<f64>,
}

impl From<BudgetSettings> for Budget {
    fn from(settings: BudgetSettings) -> Self {
        let mut budget = Self::ratio(settings.percent.unwrap_or(20.0) / 100.0);
        if let Some(floor) = settings.floor {
            budget = budget.floor(floor);
        }
        if let Some(window) = settings.window_ms {
            budget = budget.window(Duration::from_millis(window));
        }
        match settings.throttled_cost {
            Some(cost) => budget.cost(Cost::Throttled, cost),
            None => budget,
        }
    }
}
