use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use tonic::Status;
use tonic::codegen::tokio_stream::Stream;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use super::answers::{Answers, Service, message};
use crate::plan::LONGEST_NAME;
use crate::{Changes, HealthChecks};

/// One client that watches: hears the status now, then each other one, and is sent away when the service
/// drains.
#[derive(Debug)]
pub(super) struct Watch {
    answers: Answers,
    /// Nothing, if there is none of that name.
    service: Option<Service>,
    /// The name that nothing had, while something may still take over that has it.
    sought: Option<Box<str>>,
    told: Option<ServingStatus>,
    is_over: bool,
    changes: Changes,
    _place: Place,
}

impl Watch {
    /// Nothing, if too many are watching already.
    pub(super) fn begin(answers: Answers, name: &str) -> Option<Self> {
        let place = Place::take(&answers.health)?;
        // From before the first look: what changes after that is not missed.
        let changes = answers.health.subscribe();
        // One that nothing can have is not kept.
        let sought = (name.len() <= LONGEST_NAME).then(|| name.into());
        let (service, told) = (None, None);
        Some(Self { answers, service, sought, told, is_over: false, changes, _place: place })
    }

    /// Looks for who has the name, until there is one, or nobody can come any more who has it.
    fn seek(&mut self) {
        let Some(name) = &self.sought else { return };
        // Asked first: who takes over after that is looked at again.
        let may_come = self.answers.may_come(name);
        self.service = self.answers.find(name);
        if self.service.is_some() || !may_come {
            self.sought = None;
        }
    }

    /// What is to be said now, if it was not said last.
    fn news(&mut self) -> Option<ServingStatus> {
        // Asked first, so that whoever is sent away has heard why.
        self.is_over = self.answers.health.inner().board.is_draining();
        self.seek();
        let now = match self.service {
            Some(service) => self.answers.status(service),
            None if self.sought.is_some() => ServingStatus::NotServing,
            None => ServingStatus::ServiceUnknown,
        };
        (self.told.replace(now) != Some(now)).then_some(now)
    }
}

impl Stream for Watch {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.is_over {
                return Poll::Ready(None);
            }
            if let Some(status) = self.news() {
                return Poll::Ready(Some(Ok(message(status))));
            }
            if !self.is_over {
                ready!(self.changes.poll_changed(cx));
            }
        }
    }
}

/// One of the places for those who watch, given back when it is dropped.
#[derive(Debug)]
struct Place(HealthChecks);

impl Place {
    fn take(health: &HealthChecks) -> Option<Self> {
        // Counted where the service was made, so that it is given back there.
        let (inner, most) = (&health.0, health.inner().most_watchers);
        let more = |watching| (watching < most).then_some(watching + 1);
        let taken = inner.watchers.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.is_ok().then(|| Self(health.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use buttress_testkit::models::{explore, join, thread};

    use super::*;

    #[test]
    fn no_more_watch_than_may() {
        explore(|| {
            let health = HealthChecks::builder().max_watchers(1).build().unwrap();
            let watching = [(); 2].map(|()| {
                let health = health.clone();
                thread::spawn(move || Place::take(&health))
            });
            let places = join(watching);
            assert_eq!(places.iter().flatten().count(), 1);
            drop(places);
            assert!(Place::take(&health).is_some());
        });
    }

    /// A place that is given back can be taken, and never twice.
    #[test]
    fn a_place_changes_hands() {
        explore(|| {
            let health = HealthChecks::builder().max_watchers(1).build().unwrap();
            let first = Place::take(&health);
            let leaving = thread::spawn(move || drop(first));
            let second = Place::take(&health);
            leaving.join().unwrap();
            assert_eq!(Place::take(&health).is_some(), second.is_none());
        });
    }
}
