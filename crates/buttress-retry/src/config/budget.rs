use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Budget, Cost};

/// What repeats are paid from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BudgetSettings {
    /// How many repeats for a hundred calls. By default 20.
    pub percent: Option<f64>,
    /// How many a second without any call. By default 3.
    pub floor: Option<u32>,
    /// Of how many milliseconds the calls count. By default 10,000.
    pub window_ms: Option<u64>,
    /// What a repeat costs after an answer that it was too much. By default 2.
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
