use std::sync::{Arc, OnceLock};

use http::HeaderValue;

use super::line::Line;
use crate::{Algorithm, Limit, MOST_POLICIES};

/// What can be written of policies before anybody asks.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Box<[Row]>,
    /// `RateLimit-Policy` of each choice of them, by a bit for each: written when it is first asked for, and copied
    /// from then on. There are 256 choices at most.
    chosen: Box<[OnceLock<Option<HeaderValue>>]>,
}

/// What is written of one policy.
#[derive(Debug)]
pub(super) struct Row {
    /// `"per-key";r=`
    pub(super) begins: Box<str>,
    /// `"per-key";q=100;w=60`
    item: Box<str>,
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
        let chosen =
            (0..1_usize << rows.len().min(MOST_POLICIES)).map(|_| OnceLock::new()).collect();
        Self { rows, chosen }
    }

    pub(super) fn row(&self, policy: u8) -> Option<&Row> {
        self.rows.get(usize::from(policy))
    }

    /// `RateLimit-Policy` of these policies.
    pub(super) fn policies(&self, asked: impl Iterator<Item = u8>) -> Option<HeaderValue> {
        let choice = asked.fold(0, |choice, policy| choice | bit(policy));
        self.chosen.get(choice)?.get_or_init(|| self.join(choice)).clone()
    }

    fn join(&self, choice: usize) -> Option<HeaderValue> {
        let mut line = Line::new();
        for (policy, row) in (0..).zip(&self.rows) {
            if choice & bit(policy) == 0 {
                continue;
            }
            if !line.is_empty() {
                line.text(", ");
            }
            line.text(&row.item);
        }
        if line.is_empty() { None } else { line.shared() }
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
        let mut line = Line::new();
        line.text(&older);
        let begins = format!("{name};r=").into();
        Self { begins, item: item.into(), older: line.shared(), most, refills }
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

fn bit(policy: u8) -> usize {
    1_usize.checked_shl(policy.into()).unwrap_or(0)
}
