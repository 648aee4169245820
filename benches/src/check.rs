//! Compares with the budgets what comes out the same each time. Wall time never gates.

use std::process::ExitCode;

use crate::table::{Row, Table};
use crate::{Budget, Case, measure};

/// What another release of the compiler or of a dependency may move, before somebody must look.
const MARGIN: f64 = 1.05;

pub(crate) fn budgets(cases: &[&Case]) -> ExitCode {
    let with_budget = |case: &&&Case| case.is_bare() || case.budget().is_some();
    let cases: Vec<&Case> = cases.iter().filter(with_budget).copied().collect();
    let measured = measure::repeatable(&cases);
    measured.missing.iter().for_each(|line| println!("skipped: {line}"));

    let table = Table::new(&cases, &measured.figures);
    let verdicts = table.rows().iter().filter_map(|row| Some(row.case.budget()?.is_over(row)));
    let (over, kept): (Vec<bool>, Vec<bool>) = verdicts.partition(|over| *over);
    println!("{} budgets kept, {} exceeded", kept.len(), over.len());
    if over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Budget {
    fn is_over(self, row: &Row<'_>) -> bool {
        let costs = row.added.unwrap_or(row.figures);
        let too_many = |cost: Option<f64>, most: f64| cost.is_some_and(|cost| cost > most);
        let over = too_many(costs.instructions, f64::from(self.instructions) * MARGIN)
            || too_many(costs.allocations, f64::from(self.allocations));

        let told = |cost: Option<f64>| cost.map_or_else(|| "?".into(), |cost| format!("{cost:.0}"));
        println!(
            "{} {}: {} of {} instructions, {} of {} allocations",
            if over { "OVER" } else { "ok  " },
            row.case.name(),
            told(costs.instructions),
            self.instructions,
            told(costs.allocations),
            self.allocations,
        );
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Figures;

    fn is_over(instructions: f64, allocations: f64) -> bool {
        let case = Case::ours("a", Box::new(|_| ()));
        let figures = Figures {
            instructions: Some(instructions),
            allocations: Some(allocations),
            ..Figures::default()
        };
        Budget::new(1000, 2).is_over(&Row { case: &case, figures, added: None })
    }

    #[test]
    fn instructions_have_a_margin_and_allocations_have_none() {
        assert!(!is_over(1049.0, 2.0));
        assert!(is_over(1051.0, 2.0));
        assert!(is_over(1000.0, 2.01));
    }
}
