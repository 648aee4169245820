use serde_json::{Map, Value, json};

use crate::{Case, Figures};

/// The rows of one run, ready to be printed.
pub(crate) struct Table<'a> {
    rows: Vec<Row<'a>>,
}

/// A case, what it costs, and what of that it adds to the bare side.
pub(crate) struct Row<'a> {
    pub(crate) case: &'a Case,
    pub(crate) figures: Figures,
    pub(crate) added: Option<Figures>,
}

const HEAD: [&str; 9] =
    ["", "ns", "added", "instructions", "added", "allocations", "added", "bytes", "two threads"];

impl<'a> Table<'a> {
    pub(crate) fn new(cases: &[&'a Case], figures: &[Figures]) -> Self {
        let bare = |group| {
            let mut rows = cases.iter().zip(figures);
            rows.find(|(case, _)| case.is_bare() && case.group() == group).map(|(_, bare)| bare)
        };
        let row = |(case, figures): (&&'a Case, &Figures)| Row {
            case,
            figures: *figures,
            added: bare(case.group()).filter(|_| !case.is_bare()).map(|bare| figures.beyond(bare)),
        };
        Self { rows: cases.iter().zip(figures).map(row).collect() }
    }

    pub(crate) fn rows(&self) -> &[Row<'a>] {
        &self.rows
    }

    /// For the eye: a heading for each group, figures flush right.
    pub(crate) fn print(&self) {
        let [_, figures @ ..] = HEAD;
        for group in self.groups() {
            println!("\n{:34}{}", group[0].case.group(), flush_right(&figures));
            for row in group {
                println!("  {:32}{}", row.case.side(), flush_right(&row.cells()));
            }
        }
        println!();
    }

    /// For the README and the book.
    pub(crate) fn print_markdown(&self) {
        println!("| {} |\n|---|{}", HEAD.join(" | "), "---:|".repeat(HEAD.len() - 1));
        for group in self.groups() {
            println!("| **{}** |{}", group[0].case.group(), " |".repeat(HEAD.len() - 1));
            for row in group {
                println!("| {} | {} |", row.case.side(), row.cells().join(" | "));
            }
        }
    }

    /// For programs: one object a row. A row is what is measured: its name, and under the name of each side,
    /// ours and the others', what that side costs.
    pub(crate) fn json(&self) -> serde_json::Result<Vec<Value>> {
        let object = |group: &[Row<'_>]| {
            let mut object = Map::from_iter([("name".into(), json!(group[0].case.group()))]);
            for row in group {
                object.insert(row.case.side().into(), serde_json::to_value(row.figures)?);
            }
            Ok(Value::Object(object))
        };
        self.groups().map(object).collect()
    }

    fn groups(&self) -> impl Iterator<Item = &[Row<'a>]> {
        self.rows.chunk_by(|a, b| a.case.group() == b.case.group())
    }
}

impl Row<'_> {
    fn cells(&self) -> [String; 8] {
        let (all, added) = (self.figures, self.added.unwrap_or_default());
        [
            plain(all.ns, 1),
            plain(added.ns, 1),
            plain(all.instructions, 0),
            plain(added.instructions, 0),
            count(all.allocations),
            count(added.allocations),
            count(all.bytes),
            plain(all.two_threads, 2),
        ]
    }
}

impl Figures {
    /// What is left when the costs of `bare` are taken away.
    fn beyond(&self, bare: &Self) -> Self {
        let minus = |mine: Option<f64>, bare: Option<f64>| Some(mine? - bare?);
        Self {
            ns: minus(self.ns, bare.ns),
            instructions: minus(self.instructions, bare.instructions),
            allocations: minus(self.allocations, bare.allocations),
            bytes: minus(self.bytes, bare.bytes),
            two_threads: None,
        }
    }
}

fn flush_right(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| format!("{:>13}", cell.as_ref())).collect();
    cells.concat()
}

fn plain(value: Option<f64>, decimals: usize) -> String {
    // A difference of next to nothing would be told as `-0`.
    let told = |value: f64| format!("{:.decimals$}", if value.abs() < 0.05 { 0.0 } else { value });
    value.map_or_else(|| "-".into(), told)
}

/// Counts are whole numbers, unless something grows only now and then.
fn count(value: Option<f64>) -> String {
    plain(value, if value.is_some_and(|value| value.fract().abs() > 0.005) { 2 } else { 0 })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[test]
    fn adds_are_taken_from_the_bare_side_of_the_same_group() {
        let case = |group, side| Case::peer(group, side, Box::new(|_| ()));
        let cases = [case("a", "bare"), case("b", "bare"), case("b", "ours"), case("c", "ours")];
        let figures = [1.0, 10.0, 13.0, 5.0]
            .map(|allocations| Figures { allocations: Some(allocations), ..Figures::default() });
        let table = Table::new(&cases.each_ref(), &figures);
        let added: Vec<_> =
            table.rows().iter().map(|row| row.added.and_then(|added| added.allocations)).collect();
        assert_eq!(added, [None, None, Some(3.0), None]);
    }

    #[derive(Deserialize)]
    struct JsonRow {
        name: String,
        ours: Side,
        #[serde(flatten)]
        others: BTreeMap<String, Side>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Side {
        ns: Option<f64>,
        instructions: Option<f64>,
        allocations: Option<f64>,
        bytes: Option<f64>,
        two_threads: Option<f64>,
    }

    /// As whoever reads it finds it: a line for each row.
    #[test]
    fn json_has_an_object_a_row_with_ours_and_each_peer() {
        let case = |group, side| Case::peer(group, side, Box::new(|_| ()));
        let cases = [
            case("a \"row\"", "bare"),
            case("a \"row\"", "ours"),
            case("a \"row\"", "axum 0.8"),
            case("b", "ours"),
        ];
        let figures = [1.0, 2.0, 3.0, 4.0].map(|ns| Figures {
            ns: Some(ns),
            instructions: Some(ns * 10.0),
            allocations: Some(ns * 100.0),
            bytes: (ns > 1.0).then_some(ns * 1000.0),
            two_threads: (ns > 3.0).then_some(1.5),
        });
        let table = Table::new(&cases.each_ref(), &figures);
        let rows = table.json().unwrap();
        let lines: Vec<_> = rows.iter().map(ToString::to_string).collect();
        assert!(lines.iter().all(|line| !line.contains('\n')));

        let [first, second] = &lines[..] else { panic!("{lines:?}") };
        let first: JsonRow = serde_json::from_str(first).unwrap();
        let side = |ns, bytes| Side {
            ns: Some(ns),
            instructions: Some(ns * 10.0),
            allocations: Some(ns * 100.0),
            bytes,
            two_threads: None,
        };
        assert_eq!((first.name.as_str(), first.ours), ("a \"row\"", side(2.0, Some(2000.0))));
        let others = [("axum 0.8", side(3.0, Some(3000.0))), ("bare", side(1.0, None))];
        assert_eq!(first.others, others.map(|(name, side)| (name.to_owned(), side)).into());

        let second: JsonRow = serde_json::from_str(second).unwrap();
        assert_eq!((second.name.as_str(), second.ours.two_threads), ("b", Some(1.5)));
        assert!(second.others.is_empty());
        // What was not measured is said to be nothing, rather than left out.
        assert_eq!(rows[0]["bare"].as_object().unwrap().len(), 4);
        assert!(rows[0]["bare"]["bytes"].is_null());
    }
}
