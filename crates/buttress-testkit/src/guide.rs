//! What the guide says, for tests that hold it to the code.

mod alerts;

use std::fs;
use std::path::Path;
use std::str::FromStr;

use buttress_core::metrics::Description;

/// A page of the guide, or a part of one.
///
/// ```
/// use buttress_testkit::guide::Page;
///
/// let retries = Page::of("thresholds.md").section("Retry");
/// assert_eq!(retries.row("statuses")[1], "408, 425, 429, 502, 503, 504");
/// assert_eq!(retries.numbers::<u32>("`least_attempt`"), [1]);
/// ```
#[derive(Debug)]
pub struct Page {
    text: String,
}

impl Page {
    /// The page of this name in `docs/`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        Self { text: fs::read_to_string(path).expect("the guide has such a page") }
    }

    /// What stands below the heading of this name, up to the next one.
    #[must_use]
    pub fn section(&self, heading: &str) -> Self {
        let sections = self.text.split("\n## ");
        let mut below = sections.filter_map(|text| text.strip_prefix(heading)?.strip_prefix('\n'));
        Self { text: below.next().expect("the page has such a heading").to_owned() }
    }

    /// The first block of code in this language.
    #[must_use]
    pub fn block(&self, language: &str) -> &str {
        let fence = format!("\n```{language}\n");
        let (_, rest) = self.text.split_once(&fence).expect("the page has such a block");
        rest.split("```").next().unwrap_or_default()
    }

    /// What is pasted here from files: a comment before a block says which file, and what stands between which anchors.
    #[must_use]
    pub fn pasted(&self) -> Vec<Pasted<'_>> {
        self.text.split("<!-- ").skip(1).filter_map(Pasted::read).collect()
    }

    /// The cells of the first row of a table that speaks of this in its first cell.
    #[must_use]
    pub fn row(&self, of: &str) -> Vec<&str> {
        let rows = self.text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
        let mut cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
        cells.find(|cells| cells[0].contains(of)).unwrap_or_default()
    }

    /// The numbers in the second cell of that row.
    #[must_use]
    pub fn numbers<N: FromStr>(&self, of: &str) -> Vec<N> {
        let cell = self.row(of).get(1).copied().unwrap_or_default().replace(',', "");
        let words = cell.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
        words.filter_map(|word| word.trim_matches('.').parse().ok()).collect()
    }

    /// Which of these metrics have no row, or one that leaves out a label.
    #[must_use]
    pub fn untold(&self, metrics: &[Description]) -> Vec<&'static str> {
        let is_told = |metric: &Description| {
            let row = self.row(&format!("`{}`", metric.name())).concat();
            !row.is_empty()
                && metric.labels().iter().all(|label| row.contains(&format!("`{label}`")))
        };
        metrics.iter().filter(|metric| !is_told(metric)).map(Description::name).collect()
    }
}

/// A block of code that the guide has from a file.
#[derive(Clone, Copy, Debug)]
pub struct Pasted<'a> {
    path: &'a str,
    anchor: &'a str,
    block: &'a str,
}

impl<'a> Pasted<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (of, rest) = text.split_once(" -->\n\n```")?;
        let (path, anchor) = of.split_once(':').filter(|_| !of.contains('\n'))?;
        let (_language, rest) = rest.split_once('\n')?;
        let block = rest.split("\n```").next()?;
        Some(Self { path, anchor, block })
    }

    /// The block as it stands in the guide, and what stands in the file, without what all lines are indented by.
    #[must_use]
    pub fn here_and_there(&self) -> (String, String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(self.path);
        let file = fs::read_to_string(path).expect("there is such a file");
        let is = |line: &&str, word| line.trim() == format!("// {word}: {}", self.anchor);
        let lines = file.lines().skip_while(|line| !is(line, "ANCHOR")).skip(1);
        let lines: Vec<_> = lines.take_while(|line| !is(line, "ANCHOR_END")).collect();
        let indent = |line: &&str| line.len() - line.trim_start().len();
        let full = lines.iter().filter(|line| !line.is_empty());
        let margin = full.map(indent).min().unwrap_or_default();
        let lines: Vec<_> = lines.iter().map(|line| line.get(margin..).unwrap_or("")).collect();
        (self.block.to_owned(), lines.join("\n").trim_matches('\n').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Vec<(String, Page)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let names = files.filter_map(|name| name.into_string().ok());
        names
            .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "md"))
            .map(|name| (name.clone(), Page::of(&name)))
            .collect()
    }

    /// Where the repository is read on the web, nobody fills in an `include`.
    #[test]
    fn pages_are_whole_and_what_they_paste_is_what_works() {
        let mut pasted = Vec::new();
        for (name, page) in &pages() {
            assert!(!page.text.contains("{{#"), "{name} leaves something to be filled in");
            for block in page.pasted() {
                let (here, there) = block.here_and_there();
                assert!(
                    !there.is_empty() && here == there,
                    "{name} and {block:?} differ:\n{there}"
                );
                pasted.push(format!("{}:{}", block.path, block.anchor));
            }
        }
        pasted.sort();
        let anchors = [
            "crates/buttress-health/tests/it/traces.rs:inside",
            "crates/buttress-health/tests/it/traces.rs:outside",
            "crates/buttress/tests/it/outbound/by_hand.rs:layers",
            "examples/custom-stage.rs:closure",
            "examples/custom-stage.rs:gate",
            "examples/custom-stage.rs:stage",
            "examples/restart.rs:serve",
            "examples/storefront.rs:wall",
            "examples/storefront/limits.rs:limits",
            "examples/storefront/payments.rs:wall",
            "tests/it/upgrades.rs:closing",
        ];
        assert_eq!(pasted, anchors);
    }

    #[test]
    fn rows_are_found_in_their_section() {
        let text = "# Page\n\n## One\n\n| `a` | 1 s to 1,000 s |\n\n## Two\n\n| `a`, `b` | 1.5, from 2. |\n";
        let page = Page { text: text.to_owned() };
        assert_eq!(page.numbers::<u32>("`a`"), [1, 1_000]);
        assert_eq!(page.section("Two").row("`a`")[1], "1.5, from 2.");
        assert_eq!(page.section("Two").numbers::<f64>("`b`"), [1.5, 2.0]);
        assert_eq!(Page { text: "\n```toml\na = 1\n```\n".to_owned() }.block("toml"), "a = 1\n");
        assert!(page.row("`c`").is_empty() && page.numbers::<u32>("`c`").is_empty());
    }
}
