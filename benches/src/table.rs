use std::io;

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

    /// For programs: one object a group, in which each side stands under its name.
    pub(crate) fn print_json(&self) -> io::Result<()> {
        for group in self.groups() {
            let mut object = Map::from_iter([("name".into(), json!(group[0].case.group()))]);
            for row in group {
                object.insert(row.case.side().into(), serde_json::to_value(row.figures)?);
            }
            println!("{}", Value::Object(object));
        }
        Ok(())
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
}
