use std::time::Duration;

use buttress_core::clock::Moment;

/// How many calls there were, and how many of them were accepted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) accepts: u64,
}

/// What was tallied within a window, in pages: what is older than the window never counts, and what counts reaches back
/// over all of the window but a page at least.
#[derive(Clone, Debug)]
pub(super) struct Book {
    page: u64,
    /// The number of the newest page since the start of the time line.
    newest: u64,
    pages: [Tally; PAGES],
    sum: Tally,
}

const PAGES: usize = 24;

impl Book {
    pub(super) fn new(window: Duration) -> Self {
        let page = u64::try_from(window.as_nanos() / PAGES as u128).unwrap_or(u64::MAX).max(1);
        Self { page, newest: 0, pages: [Tally::default(); PAGES], sum: Tally::default() }
    }

    /// Enters what has come now, and says what there is in the window.
    pub(super) fn enter(&mut self, more: Tally, now: Moment) -> Tally {
        self.turn(now);
        self.amend(more);
        self.sum
    }

    /// Enters what has come while the newest page was that.
    pub(super) fn amend(&mut self, more: Tally) {
        let at = self.place(self.newest);
        self.pages[at] = self.pages[at].plus(more);
        self.sum = self.sum.plus(more);
    }

    /// When the newest page ends, in nanoseconds since the start of the time line.
    pub(super) const fn ends(&self) -> u64 {
        self.newest.saturating_add(1).saturating_mul(self.page)
    }

    /// Whether it has.
    pub(super) const fn is_over(&self, now: Moment) -> bool {
        now.as_nanos() >= self.ends()
    }

    /// Tears out what is older than the window. However long nobody came, that is all pages at most.
    fn turn(&mut self, now: Moment) {
        // A thread that is late does not turn back.
        let page = (now.as_nanos() / self.page).max(self.newest);
        let turned = (page - self.newest).min(PAGES as u64);
        for number in page - turned..page {
            let at = self.place(number + 1);
            self.sum = self.sum.minus(std::mem::take(&mut self.pages[at]));
        }
        self.newest = page;
    }

    #[expect(clippy::cast_possible_truncation, reason = "below the number of pages")]
    fn place(&self, number: u64) -> usize {
        (number % self.pages.len() as u64) as usize
    }
}

impl Tally {
    const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            accepts: self.accepts.saturating_add(other.accepts),
        }
    }

    pub(super) const fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            accepts: self.accepts.saturating_sub(other.accepts),
        }
    }

    /// How likely the next call is to be turned away, by whoever accepts `times` as many as it has: from 0 to [`MOST`].
    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
    pub(super) fn odds(self, times: f64) -> f64 {
        if self.requests < FEWEST {
            return 0.0;
        }
        let (requests, accepts) = (self.requests as f64, self.accepts as f64);
        ((requests - times * accepts) / (requests + 1.0)).clamp(0.0, MOST)
    }
}

/// Fewer calls than that say nothing.
pub(super) const FEWEST: u64 = 10;
/// Some always go through, or nobody would see that they are accepted again.
pub(super) const MOST: f64 = 0.95;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(requests: u64, accepts: u64) -> Tally {
        Tally { requests, accepts }
    }

    #[test]
    fn the_odds_are_those_of_the_formula() {
        for (requests, accepts, odds) in [
            (9, 0, 0.0),
            (10, 0, 10.0 / 11.0),
            (100, 50, 0.0),
            (100, 49, 2.0 / 101.0),
            (100, 25, 50.0 / 101.0),
            (1_000_000, 0, MOST),
            (100, 100, 0.0),
        ] {
            assert!((tally(requests, accepts).odds(2.0) - odds).abs() < 1e-12, "{requests}");
        }
        assert!(tally(u64::MAX, 1).odds(2.0) <= MOST);
    }

    proptest! {
        #[test]
        fn nothing_counts_that_is_older_and_all_that_is_younger_by_a_page(
            script in prop::collection::vec((0_u64..6_000, 0_u64..5, 0_u64..5), 1..80)
        ) {
            let window = Duration::from_millis(2_400);
            let (mut book, mut log, mut now) = (Book::new(window), Vec::new(), Moment::FIRST);
            for (pause, requests, accepts) in script {
                now = now + Duration::from_millis(pause);
                log.push((now, tally(requests, accepts)));
                let sum = book.enter(tally(requests, accepts), now);
                let since = |age: Duration| {
                    let young = log.iter().filter(|(at, _)| now - *at <= age);
                    young.fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally))
                };
                let (all, most) = (since(window), since(window.saturating_sub(Duration::from_millis(100))));
                prop_assert!(sum.requests <= all.requests && sum.accepts <= all.accepts);
                prop_assert!(sum.requests >= most.requests && sum.accepts >= most.accepts);
            }
        }
    }

    #[test]
    fn extremes_are_borne() {
        for window in [Duration::ZERO, Duration::MAX] {
            let mut book = Book::new(window);
            book.enter(tally(u64::MAX, u64::MAX), Moment::LAST);
            book.enter(tally(1, 1), Moment::FIRST);
            assert_eq!(book.enter(tally(1, 1), Moment::LAST).requests, u64::MAX);
        }
    }
}
