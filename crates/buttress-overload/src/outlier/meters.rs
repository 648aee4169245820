use buttress_core::metrics::{Counter, Description, Gauge, Metric, Metrics};

use super::Ejected;

const LEFT_OUT: Metric<Counter, 2> =
    Metric::counter("buttress_outlier_left_out_total", "How often an endpoint was left out")
        .labels(&["set", "reason"]);
const OUT: Metric<Gauge, 1> =
    Metric::gauge("buttress_outlier_out", "How many endpoints are left out now").labels(&["set"]);

/// Every metric of a set of endpoints.
pub const CATALOGUE: &[Description] = &[*LEFT_OUT.description(), *OUT.description()];

#[derive(Debug)]
pub(super) struct Meters {
    left_out: [Counter; Ejected::ALL.len()],
    out: Gauge,
}

impl Meters {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let out = metrics.bind(&OUT, [name]);
        out.set(0.0);
        Self {
            left_out: Ejected::ALL.map(|why| metrics.bind(&LEFT_OUT, [name, why.as_str()])),
            out,
        }
    }

    pub(super) fn left_out(&self, why: Ejected) {
        self.left_out[why as usize].increment(1);
    }

    /// Shows how many are left out, as `look` sees it. Whoever changed that looks afterwards, and once more if somebody
    /// else has meanwhile: so what is shown last is true, and no lock is held while somebody records it.
    pub(super) fn publish(&self, look: impl Fn() -> usize) {
        loop {
            let seen = look();
            self.out.set(u32::try_from(seen).unwrap_or(u32::MAX).into());
            if look() == seen {
                return;
            }
        }
    }
}
