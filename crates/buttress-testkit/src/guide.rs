//! What the guide says, for tests that hold it to the code.

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

#[cfg(test)]
mod tests {
    use super::*;

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
