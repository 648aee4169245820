use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::{Moment, Timer};
use tracing::{info, warn};

use crate::inner::Inner;
use crate::runner::Claim;
use crate::slot::Slot;
use crate::verdict::Verdict;
use crate::{CheckStatus, HealthChecks, Status, memory};

/// However soon a result will be too old: not more often than this.
const SOONEST: Duration = Duration::from_millis(100);
/// How often memory is read, where the summary shows it.
const SAMPLE: Duration = Duration::from_secs(5);
const LATEST: Duration = Duration::from_secs(3_600);

/// Looks after the whole: adds up what the checks found, tells of changes, notices what became too old.
///
/// One task does it, so that ten thousand checks that change at once are added up a few times, not
/// ten thousand times.
pub(crate) async fn keep_looking(health: HealthChecks, timer: impl Timer) {
    let inner = &*health.0;
    let Some(_claim) = Claim::on(&inner.overseen) else { return };
    let mut ear = inner.stirred.listen();
    // What takes over is looked after by a task of its own.
    while inner.heir.get().is_none() {
        if inner.traffic.is_some() {
            inner.resident.store(memory::resident().unwrap_or_default(), Ordering::Relaxed);
        }
        let now = inner.clock.now();
        let until = look(inner, now);
        let latest = if inner.traffic.is_some() { SAMPLE } else { LATEST };
        let mut sleep = pin!(timer.sleep((until - now).clamp(SOONEST, latest)));
        poll_fn(|cx| match ear.poll_rung(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => sleep.as_mut().poll(cx),
        })
        .await;
    }
}

/// Tells of what is new, and says when something will be although nothing happens.
fn look(inner: &Inner, now: Moment) -> Moment {
    let verdict = inner.board.verdict(now);
    if verdict.unknown > 0 {
        inner.board.slots.iter().for_each(|slot| show_unknown(slot, now));
    }
    let mut told = inner.told.lock();
    told.tell(inner, inner.board.status(&verdict, None), verdict.unknown);
    let is_new = told.sees(&verdict);
    drop(told);
    if is_new {
        inner.changed.ring();
    }
    verdict.until
}

/// Has the metrics say that nobody knows how this check is any more. A result may come in between: it is on the board
/// before its task sets them, so whichever of the two sets them last has seen it.
fn show_unknown(slot: &Slot, now: Moment) {
    let (mut shown, _) = slot.last(now);
    let mut is_told = shown != CheckStatus::Unknown;
    while !is_told {
        slot.counts.shows(shown);
        let (last, _) = slot.last(now);
        is_told = std::mem::replace(&mut shown, last) == last;
    }
}

/// What was said last, so that nothing is said twice, whichever task says it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    status: Option<Status>,
    unknown: usize,
    seen: Option<(u64, usize)>,
}

impl Told {
    /// Whether something changed since the last time. One looks more often than that: when results would have become
    /// too old, and to read memory. And a change that was taken back is two: somebody may have seen what was in
    /// between.
    fn sees(&mut self, verdict: &Verdict) -> bool {
        let seen = Some((verdict.generation, verdict.unknown));
        std::mem::replace(&mut self.seen, seen) != seen
    }

    fn tell(&mut self, inner: &Inner, status: Status, unknown: usize) {
        if unknown > self.unknown {
            warn!(target: "buttress", checks = unknown, "health: results are too old");
        }
        self.unknown = unknown;
        let from = self.status.replace(status);
        if status == Status::Draining {
            // It was told where it began; but what was looked at before that may have been told after it.
            inner.counts.unready();
            return;
        }
        if from == Some(status) {
            return;
        }
        inner.counts.changed(status);
        let from = from.map_or("none", Status::as_str);
        if status.is_ready() {
            info!(target: "buttress", from, to = %status, "health: readiness changed");
        } else {
            warn!(target: "buttress", from, to = %status, "health: readiness changed");
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use buttress_core::metrics::Metrics;
    use buttress_testkit::page::Page;

    use super::*;

    #[test]
    fn what_was_seen_before_it_drained_is_not_what_is_counted_last() {
        let page = Page::default();
        let health = HealthChecks::builder().metrics(Metrics::new(page.clone())).build().unwrap();
        let (mut told, ready) = (Told::default(), || page.of("buttress_health_ready"));
        // As if it were stopped between the look and the word.
        let seen = health.status();
        health.drain();
        told.tell(&health.0, seen, 0);
        assert_eq!(ready(), Some(1.0));
        told.tell(&health.0, health.status(), 0);
        assert_eq!(ready(), Some(0.0));
    }
}
