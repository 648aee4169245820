use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use buttress_core::clock::{Clock, Moment, Timer};
use buttress_core::{Health, HealthStatus, Probe, ProbeFuture};
use tracing::{info, warn};

use crate::HealthChecks;
use crate::course::{Course, Finding, Transition};
use crate::hops::HopId;
use crate::jitter::Jitter;
use crate::overseer;
use crate::parts::atomic::AtomicBool;
use crate::slot::Slot;

/// Runs one check, again and again, until it is dropped. Made by [`HealthChecks::tasks`].
///
/// ```
/// use buttress_core::{Health, clock::TokioTimer};
/// use buttress_health::{Check, HealthChecks};
///
/// let health = HealthChecks::builder()
///     .check(Check::of("database", || async { Health::up() }))
///     .build()?;
/// let tasks: Vec<_> = health.tasks(&TokioTimer).collect();
/// let names: Vec<_> = tasks.iter().map(|task| task.name()).collect();
/// assert_eq!(names, [None, Some("database")], "the first one looks after the whole");
/// # Ok::<(), buttress_core::BuildError>(())
/// ```
///
/// It is boxed: once for each check, when the service starts.
#[must_use = "futures do nothing unless polled"]
pub struct CheckTask {
    name: Option<String>,
    run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl CheckTask {
    pub(crate) fn check(health: HealthChecks, at: usize, timer: impl Timer) -> Self {
        let name = health.0.board.slots.get(at).map(|slot| slot.name.clone());
        Self { name, run: Box::pin(keep_checking(health, at, timer)) }
    }

    pub(crate) fn overseer(health: HealthChecks, timer: impl Timer) -> Self {
        Self { name: None, run: Box::pin(overseer::keep_looking(health, timer)) }
    }

    /// Which check it runs; none for the one that looks after the whole.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl Future for CheckTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.run.as_mut().poll(cx)
    }
}

impl fmt::Debug for CheckTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckTask").field("name", &self.name).finish_non_exhaustive()
    }
}

async fn keep_checking(health: HealthChecks, at: usize, timer: impl Timer) {
    let Some(slot) = health.0.board.slots.get(at) else { return };
    let Some(_claim) = Claim::on(&slot.claimed) else { return };
    let mut jitter = Jitter::new(slot.plan.jitter);
    let mut course = Course::new(&slot.plan, slot.seen.load().as_deref());
    let mut is_home = false;

    // Who has run before has waited before: what it saw would only grow old.
    if slot.seen.load().is_none() {
        timer.sleep(slot.plan.initial_delay).await;
    }
    loop {
        let started = health.0.clock.now();
        let next = started + jitter.stretch(slot.plan.interval);
        let found = attempt(slot, &*health.0.clock, started, &timer).await;
        settle(&health, slot, &mut course, found, started);
        tell_home(slot, &health.0.board.own, &mut is_home);
        timer.sleep(next - health.0.clock.now()).await;
    }
}

/// The right to run a check, or to look after the whole, given back when the task is dropped.
pub(crate) struct Claim<'a>(&'a AtomicBool);

impl<'a> Claim<'a> {
    pub(crate) fn on(claimed: &'a AtomicBool) -> Option<Self> {
        (!claimed.swap(true, Ordering::AcqRel)).then_some(Self(claimed))
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// One run: what the check found, or why it found nothing. What it left is gone afterwards.
async fn attempt(slot: &Slot, clock: &dyn Clock, started: Moment, timer: &impl Timer) -> Health {
    let deadline = slot.plan.deadline;
    let mut over = pin!(timer.sleep(deadline));
    let mut asked: Option<ProbeFuture<'_>> = None;
    let found = poll_fn(|cx| {
        let polled = caught(|| asked.get_or_insert_with(|| slot.probe.check()).as_mut().poll(cx));
        match polled {
            None => Poll::Ready(Some(Health::down("it panicked"))),
            // A check that blocked its thread may well have found something, but too late.
            Some(Poll::Ready(health)) => {
                Poll::Ready((clock.now() - started <= deadline).then_some(health))
            }
            Some(Poll::Pending) => over.as_mut().poll(cx).map(|()| None),
        }
    })
    .await;
    // A panic while it is dropped changes nothing about what was found.
    let _ = caught(|| drop(asked));
    found.unwrap_or_else(|| Health::down(format!("no answer within {deadline:?}")))
}

/// What `act` gives, unless it panics. Whatever panicked is dropped, and never polled again.
pub(crate) fn caught<R>(act: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(given) => Some(given),
        Err(payload) => {
            // What was thrown may itself throw.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(payload);
            }
            None
        }
    }
}

fn settle(health: &HealthChecks, slot: &Slot, course: &mut Course, found: Health, started: Moment) {
    let inner = &health.0;
    let ended = inner.clock.now();
    let finding = Finding { health: found, took: ended - started, ended, time: inner.clock.wall() };
    let (seen, transition) = course.note(&finding, &inner.redact);
    let shown = seen.status.into();
    slot.counts.took(finding.took);
    if let Some(transition) = transition {
        slot.counts.changed(transition.to);
        tell(slot, transition, seen.message.as_deref());
    }
    if inner.board.put(slot, seen, || inner.clock.now()) {
        inner.stirred.ring();
    }
    slot.counts.shows(shown);
}

/// One line the first time that a check does not count, because who answered has the name of this service: it is
/// meant for instances of one service, and is a mistake between two.
fn tell_home(slot: &Slot, own: &HopId, is_told: &mut bool) {
    if *is_told || !slot.hops.as_ref().is_some_and(|hops| hops.lead_home(own)) {
        return;
    }
    *is_told = true;
    let (check, service) = (&*slot.name, own.as_str());
    warn!(target: "buttress", check, service, "health: a dependency answers with this service's own name; ignored");
}

/// One line for each transition, not for each run.
fn tell(slot: &Slot, Transition { from, to }: Transition, message: Option<&str>) {
    let check = &*slot.name;
    let importance = slot.importance.as_str();
    if to == HealthStatus::Up {
        info!(target: "buttress", check, importance, %from, %to, "health: check changed");
    } else {
        warn!(target: "buttress", check, importance, %from, %to, message, "health: check changed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_thrown_may_throw() {
        struct Throws;
        impl Drop for Throws {
            fn drop(&mut self) {
                panic!("while it was dropped");
            }
        }
        assert_eq!(caught(|| std::panic::panic_any(Throws)), None::<()>);
        assert_eq!(caught(|| 7), Some(7));
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use buttress_testkit::models::{explore, thread};

    use super::*;
    use crate::Check;

    /// Nor does who takes it over miss what the one before has seen.
    #[test]
    fn two_tasks_never_run_one_check() {
        explore(|| {
            let check = Check::of("one", || async { Health::up() });
            let health = HealthChecks::builder().check(check).build().unwrap();
            let run = |health: HealthChecks| {
                let slot = &health.0.board.slots[0];
                let Some(_claim) = Claim::on(&slot.claimed) else { return false };
                let before = slot.succeeded.load(Ordering::Relaxed);
                slot.succeeded.store(true, Ordering::Relaxed);
                !before
            };
            let other = thread::spawn({
                let health = health.clone();
                move || run(health)
            });
            let first = run(health);
            assert!(first ^ other.join().unwrap());
        });
    }
}
