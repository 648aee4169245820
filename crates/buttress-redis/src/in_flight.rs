use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use buttress_core::metrics::Gauge;

/// How many calls are under way. One too many is turned away at once: a queue would only make all of them late.
#[derive(Debug)]
pub(crate) struct InFlight {
    now: AtomicUsize,
    most: usize,
    gauge: Gauge,
}

impl InFlight {
    pub(crate) const fn new(most: usize, gauge: Gauge) -> Self {
        Self { now: AtomicUsize::new(0), most, gauge }
    }

    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        let place = Place(self);
        self.gauge.add(1.0);
        // Dropping the place of one too many gives it back.
        (self.now.fetch_add(1, Relaxed) < self.most).then_some(place)
    }
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a InFlight);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
        self.0.gauge.add(-1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_turned_away_and_leaves_no_trace() {
        let calls = InFlight::new(2, Gauge::none());
        let (first, second) = (calls.enter(), calls.enter());
        assert!(first.is_some() && second.is_some());
        assert!(calls.enter().is_none() && calls.enter().is_none());
        assert_eq!(calls.now.load(Relaxed), 2);
        drop(first);
        assert!(calls.enter().is_some());
        drop(second);
        assert_eq!(calls.now.load(Relaxed), 0);
    }
}
