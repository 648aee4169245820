use std::fmt;
use std::sync::Arc;

use super::table::Table;
use crate::metrics::{Description, Handle, Recorder};

/// Handles by label values, of which some may come from clients.
///
/// A set of values that is seen first opens its series, until there are as many as
/// [`max_series`](crate::metrics::Metric::max_series) says. From then on each new set counts into one
/// series whose labels all say `other`, and so does, at any time, a set with a value longer than 128
/// bytes. A series once opened stays. The overflow series is opened with the family, so that an alert
/// may watch it rise from zero.
///
/// ```
/// # use buttress_core::{metrics::*, sync::Lock};
/// # use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// # #[derive(Clone, Default)]
/// # struct Page(Arc<Lock<Vec<(String, Arc<AtomicU64>)>>>);
/// # impl Recorder for Page {
/// #     fn counter(&self, _: &Description, values: &[&str]) -> Counter {
/// #         let count = Arc::new(AtomicU64::new(0));
/// #         self.0.lock().push((values.join(" "), count.clone()));
/// #         Counter::new(count)
/// #     }
/// #     fn gauge(&self, _: &Description, _: &[&str]) -> Gauge { Gauge::none() }
/// #     fn histogram(&self, _: &Description, _: &[&str]) -> Histogram { Histogram::none() }
/// # }
/// # impl Page {
/// #     fn count(&self, series: &str) -> u64 {
/// #         let page = self.0.lock();
/// #         page.iter().filter(|(name, _)| name == series).map(|(_, n)| n.load(Ordering::Relaxed)).sum()
/// #     }
/// # }
/// # let page = Page::default();
/// # let metrics = Metrics::new(page.clone());
/// const CALLS: Metric<Counter, 2> =
///     Metric::counter("calls", "Calls by method").labels(&["method", "outcome"]).max_series(2);
///
/// let calls = metrics.family(&CALLS);
/// calls.with(["GET", "ok"]).increment(1);
/// calls.with(["PUT", "ok"]).increment(1);
/// calls.with(["BREW", "refused"]).increment(1);
/// calls.with(["GET", "ok"]).increment(1);
///
/// assert_eq!(page.count("GET ok"), 2);
/// assert_eq!(page.count("other other"), 1);
/// ```
///
/// # Cost
///
/// A known set costs one `SipHash` of its values and a look into a table that is never crowded: no lock,
/// no allocation, nothing that another core has to hear of. The overflow costs the same. The hash has a
/// random key, so nobody outside can choose values that collide. The first sight of a set takes a lock
/// and allocates. The table is made with the family, for as many series as there may be: 4 KiB for 128.
pub struct Family<H, const N: usize> {
    table: Option<Arc<Table<H, N>>>,
    // What `with` lends out if there is no table.
    none: H,
}

impl<H: Handle, const N: usize> Family<H, N> {
    pub(super) fn new(recorder: Arc<dyn Recorder>, metric: Description) -> Self {
        Self { table: Some(Arc::new(Table::new(recorder, metric))), none: H::default() }
    }

    /// Counts nothing.
    #[must_use]
    pub fn none() -> Self {
        Self { table: None, none: H::default() }
    }

    /// The handle for these values, in the order of the labels.
    #[must_use = "to count is up to the handle"]
    #[inline]
    pub fn with(&self, values: [&str; N]) -> &H {
        match &self.table {
            Some(table) => table.with(values),
            None => &self.none,
        }
    }
}

impl<H: Clone, const N: usize> Clone for Family<H, N> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), none: self.none.clone() }
    }
}

impl<H: Handle, const N: usize> Default for Family<H, N> {
    fn default() -> Self {
        Self::none()
    }
}

impl<H, const N: usize> fmt::Debug for Family<H, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = self.table.as_ref().map(|table| table.metric().name());
        f.debug_struct("Family").field("metric", &metric).finish_non_exhaustive()
    }
}
