use std::sync::Arc;

use http::HeaderValue;

use super::line::Line;
use crate::{Algorithm, Limit};

/// What can be written of policies before anybody asks.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Box<[Row]>,
    /// `RateLimit-Policy` of all of them.
    all: Option<HeaderValue>,
}

/// What is written of one policy.
#[derive(Debug)]
pub(super) struct Row {
    /// `"per-key";r=`
    pub(super) begins: Box<str>,
    /// `"per-key";q=100;w=60`
    item: Box<str>,
    /// The same as a whole header.
    alone: Option<HeaderValue>,
    /// `100;w=60`
    pub(super) older: Option<HeaderValue>,
    pub(super) most: u64,
    /// Whether there is more in time, by itself.
    pub(super) refills: bool,
}

impl Table {
    pub(crate) fn new<'a>(policies: impl IntoIterator<Item = (&'a Arc<str>, Limit)>) -> Self {
        let rows: Box<[Row]> =
            policies.into_iter().map(|(name, limit)| Row::new(name, &limit)).collect();
        let all = join(rows.iter());
        Self { rows, all }
    }

    pub(super) fn row(&self, policy: u8) -> Option<&Row> {
        self.rows.get(usize::from(policy))
    }

    /// `RateLimit-Policy` of these policies: copied if it is all of them or one, else written.
    pub(super) fn policies(&self, asked: impl Iterator<Item = u8> + Clone) -> Option<HeaderValue> {
        let mut numbers = asked.clone();
        match (numbers.next(), numbers.next()) {
            (Some(one), None) => self.row(one)?.alone.clone(),
            _ if asked.clone().count() == self.rows.len() => self.all.clone(),
            _ => join(asked.filter_map(|policy| self.row(policy))),
        }
    }
}

impl Row {
    fn new(name: &str, limit: &Limit) -> Self {
        let name = format!("\"{name}\"");
        let most = limit.burst();
        let refills = limit.algorithm() != Algorithm::Concurrent;
        let (item, older) = if refills {
            let window = window(limit);
            (format!("{name};q={most};w={window}"), format!("{most};w={window}"))
        } else {
            (format!("{name};q={most};qu=\"concurrent-requests\""), format!("{most}"))
        };
        let [alone, older] = [&item, &older].map(|text| {
            let mut line = Line::new();
            line.text(text);
            line.shared()
        });
        let begins = format!("{name};r=").into();
        Self { begins, item: item.into(), alone, older, most, refills }
    }
}

/// In how many seconds a quota is whole again that was used up: the period, but for a burst of its own. A client that
/// takes both numbers at their word is never faster than it may be.
fn window(limit: &Limit) -> u64 {
    const SECOND: u128 = 1_000_000_000;
    let whole = u128::from(limit.burst()) * limit.period().as_nanos();
    let seconds = whole.div_ceil(u128::from(limit.count().max(1)) * SECOND);
    u64::try_from(seconds).unwrap_or(u64::MAX).max(1)
}

fn join<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<HeaderValue> {
    let mut line = Line::new();
    for row in rows {
        if !line.is_empty() {
            line.text(", ");
        }
        line.text(&row.item);
    }
    if line.is_empty() { None } else { line.shared() }
}
