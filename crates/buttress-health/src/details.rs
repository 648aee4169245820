use std::sync::Arc;
use std::sync::atomic::Ordering;

use buttress_core::clock::Moment;
use bytes::Bytes;

use crate::accept::Shape;
use crate::checks::{Inner, Written};
use crate::hops::Via;
use crate::json::{self, Short, concat};
use crate::{CheckStatus, Status};

/// What one answer with details shows.
pub(crate) struct View<'a> {
    pub(crate) status: Status,
    pub(crate) shape: Shape,
    pub(crate) group: Option<usize>,
    /// None, if no check leads to who asks.
    pub(crate) via: Via<'a>,
    pub(crate) now: Moment,
}

impl Inner {
    pub(crate) fn details(&self, view: &View<'_>) -> Bytes {
        let (version, status) = (&*self.texts.version, view.status);
        if view.shape == Shape::HealthJson {
            let checks = self.written_for(view);
            let word = status.in_health_json();
            let output = format!(r#","output":"{status}","checks":{{"#);
            return concat(&[r#"{"status":""#, word, r#"""#, version, &output, &checks, "}}"]);
        }
        let time = Short::time(self.clock.wall());
        let uptime = Short::of((view.now - self.started).as_secs());
        let summary = self.summary(view.now);
        let around = |checks: &str| {
            concat(&[
                r#"{"status":""#,
                status.as_str(),
                r#"","timestamp":""#,
                time.as_str(),
                r#"","uptimeSeconds":"#,
                uptime.as_str(),
                version,
                &summary,
                r#","checks":["#,
                checks,
                "]}",
            ])
        };
        if view.group.is_none() && view.via.is_empty() {
            around(&self.written(view.now).text)
        } else {
            around(&self.written_for(view))
        }
    }

    fn summary(&self, now: Moment) -> String {
        let Some(traffic) = &self.traffic else { return String::new() };
        let resident = self.resident.load(Ordering::Relaxed);
        json::summary(Some(traffic.flow(now)), (resident > 0).then_some(resident))
    }

    /// The list of all checks, from the last time if nothing came in since.
    pub(crate) fn written(&self, now: Moment) -> Arc<Written> {
        // Read before the checks are: what comes in meanwhile has it written again.
        let results = self.board.results.load(Ordering::Acquire);
        let edition = self.board.verdict(now).edition;
        if let Some(written) = &*self.written.load()
            && (written.results, written.edition) == (results, edition)
        {
            return written.clone();
        }
        let text = self.written_for(&View {
            status: Status::Ok,
            shape: Shape::Plain,
            group: None,
            via: Via::default(),
            now,
        });
        let written = Arc::new(Written { results, edition, text: text.into() });
        self.written.store(Some(written.clone()));
        written
    }

    fn written_for(&self, view: &View<'_>) -> String {
        let mut text = String::new();
        for slot in self.board.members(view.group) {
            if !text.is_empty() {
                text.push(',');
            }
            let status: CheckStatus = self.board.judge_for(slot, &view.via, view.now);
            match view.shape {
                Shape::Plain => slot.write(status, &mut text),
                Shape::HealthJson => slot.write_health_json(status, &mut text),
            }
        }
        text
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
