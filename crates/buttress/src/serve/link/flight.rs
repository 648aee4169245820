use std::sync::Arc;

use super::Link;
use crate::serve::parts::atomic::Ordering::{AcqRel, Relaxed};

/// A request, from its head to the last byte of its answer that the peer takes.
#[derive(Debug)]
#[must_use = "the request is over when this is dropped"]
pub(in crate::serve) struct Flight {
    link: Arc<Link>,
    elsewhere: bool,
}

impl Flight {
    pub(super) fn new(link: Arc<Link>, elsewhere: bool) -> Self {
        Self { link, elsewhere }
    }

    pub(in crate::serve) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Its whole answer was handed over, and nothing more has to be done for it than to send it.
    pub(in crate::serve) fn answered(&self) {
        self.link.answered.store(true, Relaxed);
    }

    /// It ends in the connection's own task after all.
    pub(in crate::serve) fn lands_here(&mut self) {
        self.elsewhere = false;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.link.meters.flights.add(-1.0);
        self.answered();
        let last = self.link.in_flight.fetch_sub(1, AcqRel) == 1;
        // Quiet begins. A stream may end without the connection hearing of it; an HTTP/1 connection ends its
        // requests itself, and looks at its deadlines afterwards.
        if last && self.elsewhere {
            self.link.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use buttress_core::metrics::Metrics;
    use buttress_testkit::poll::Wakes;

    use super::*;
    use crate::serve::meters::Meters;
    use crate::serve::token::Shutdown;

    /// Or the deadline of an idle connection would begin when it next speaks.
    #[test]
    fn the_last_flight_that_ends_elsewhere_wakes_the_watch() {
        let meters = Arc::new(Meters::new(&Metrics::default()));
        let link = Arc::new(Link::new(Shutdown::new(), meters));
        let watch = Wakes::new();
        link.watched_by(&watch.waker());
        let (_, here) = link.begin(false);
        let (_, elsewhere) = link.begin(true);
        drop(here);
        assert_eq!(watch.count(), 0, "another one is under way");
        drop(elsewhere);
        assert_eq!((watch.count(), link.under_way()), (1, 0));
    }

    #[test]
    fn a_connection_is_answered_once_an_answer_has_ended() {
        let meters = Arc::new(Meters::new(&Metrics::default()));
        let link = Arc::new(Link::new(Shutdown::new(), meters));
        let (_, first) = link.begin(false);
        assert!(!link.is_answered());
        drop(first);
        let _second = link.begin(false);
        assert!(link.is_answered());
    }
}
