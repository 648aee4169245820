//! What is measured: one file for each subject, whose `cases()` are its rows.

pub mod context;
pub mod envelope;
pub mod health;
pub mod key;
pub mod limit;
pub mod metrics;
pub mod outbound;
pub mod pass_through;
pub mod problem;
pub mod serve;
pub mod six;

use crate::Case;

/// Every case that needs no foreign middleware.
#[must_use]
pub fn all() -> Vec<Case> {
    let subjects = [
        pass_through::cases(),
        six::cases(),
        context::cases(),
        problem::cases(),
        envelope::cases(),
        metrics::cases(),
        health::cases(),
        key::cases(),
        limit::cases(),
        outbound::cases(),
        serve::cases(),
    ];
    together(subjects.into_iter().flatten())
}

/// Brings the sides of each group next to each other, groups in the order of their first side.
#[must_use]
pub fn together(cases: impl IntoIterator<Item = Case>) -> Vec<Case> {
    let mut cases = Vec::from_iter(cases);
    let mut groups: Vec<_> = cases.iter().map(Case::group).collect();
    groups.dedup();
    cases.sort_by_key(|case| groups.iter().position(|group| *group == case.group()));
    cases
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_case_runs_and_has_a_name_of_its_own() {
        let mut names = HashSet::new();
        for case in all() {
            case.run(3);
            // Criterion cuts longer names, and two of them could then fall into one.
            assert!(case.name().len() <= 64, "{case:?} is too long");
            assert!(names.insert(case.name()), "{case:?} stands twice");
        }
    }

    /// So that whoever reads the figures finds ours under one name.
    #[test]
    fn every_group_has_our_side() {
        for group in all().chunk_by(|a, b| a.group() == b.group()) {
            let ours = group.iter().filter(|case| case.side() == "ours").count();
            assert_eq!(ours, 1, "{group:?}");
        }
    }

    #[test]
    fn sides_of_a_group_stand_together() {
        let case = |group, side| Case::peer(group, side, Box::new(|_| ()));
        let sorted = together([case("b", "1"), case("a", "1"), case("b", "2")]);
        let names: Vec<_> = sorted.iter().map(Case::name).collect();
        assert_eq!(names, ["b/1", "b/2", "a/1"]);
    }
}
