use buttress_core::metrics::Description;

use super::Page;

impl Page {
    /// What the alerts of the page ask for that none of these metrics has: names that begin with `prefix`, and labels
    /// by which they are chosen or summed. Nothing is found in a page without such alerts.
    ///
    /// # Panics
    ///
    /// If no alert asks for a name with this prefix.
    #[must_use]
    pub fn misnamed(&self, prefix: &str, metrics: &[Description]) -> Vec<String> {
        let mut misnamed = Vec::new();
        let mut known = 0;
        for alert in self.text.lines().filter_map(|line| line.trim().strip_prefix("expr: ")) {
            let mut labels = Vec::new();
            for (name, chosen) in series(alert).filter(|(name, _)| name.starts_with(prefix)) {
                known += 1;
                let metric = metrics.iter().find(|metric| metric.name() == name);
                let of = metric.map_or(&[][..], Description::labels);
                labels.extend_from_slice(of);
                let unknown = chosen.iter().filter(|label| metric.is_some() && !of.contains(label));
                misnamed.extend(unknown.map(|label| format!("{name}{{{label}}}")));
                misnamed.extend(metric.is_none().then(|| name.to_owned()));
            }
            let is_of_others = labels.is_empty();
            let grouped = grouped(alert).filter(|label| !is_of_others && !labels.contains(label));
            misnamed.extend(grouped.map(|label| format!("({label}) in {alert}")));
        }
        assert!(known > 0, "no alert asks for {prefix}");
        misnamed
    }
}

/// Each name of a metric in an expression, and the labels by which it is chosen.
fn series(alert: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let starts = alert.match_indices("buttress_").map(|(at, _)| &alert[at..]);
    starts.map(|text| {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let (name, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
        let chosen = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        let labels = chosen.into_iter().flat_map(|chosen| chosen.split(','));
        (name, labels.filter_map(|label| label.split(['=', '!']).next()).collect())
    })
}

/// The labels that are kept or left out where series are summed.
fn grouped(alert: &str) -> impl Iterator<Item = &str> {
    let lists = ["by (", "without ("].into_iter().flat_map(|word| alert.split(word).skip(1));
    lists.filter_map(|rest| rest.split(')').next()).flat_map(|list| list.split(", "))
}

#[cfg(test)]
mod tests {
    use buttress_core::metrics::{Gauge, Metric};

    use super::*;

    const STATE: Metric<Gauge, 2> =
        Metric::gauge("buttress_some_state", "Some state").labels(&["some", "state"]);

    fn misnamed(alert: &str) -> Vec<String> {
        let page = Page { text: format!("- alert: Some\n  expr: {alert}\n") };
        page.misnamed("buttress_some_", &[*STATE.description()])
    }

    #[test]
    fn names_and_labels_of_alerts_are_looked_up() {
        let none = [""; 0];
        let well = r#"sum by (some) (buttress_some_state{state=~"open|shut",some!="odd"}) > 1"#;
        assert_eq!(misnamed(well), none);
        assert_eq!(misnamed("buttress_some_state > buttress_other{odd=\"1\"}"), none);
        assert_eq!(misnamed("buttress_some_states{state=\"open\"}"), ["buttress_some_states"]);
        let label = r#"buttress_some_state{some="a",stat="open"}"#;
        assert_eq!(misnamed(label), ["buttress_some_state{stat}"]);
        let by = "max by (some, sum) (buttress_some_state)";
        assert_eq!(misnamed(by), [format!("(sum) in {by}")]);
        let without = "max without (so) (buttress_some_state)";
        assert_eq!(misnamed(without), [format!("(so) in {without}")]);
    }
}
