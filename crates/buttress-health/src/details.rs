use std::sync::Arc;
use std::sync::atomic::Ordering;

use buttress_core::clock::Moment;
use bytes::Bytes;

use crate::Status;
use crate::accept::Shape;
use crate::board::Board;
use crate::hops::Via;
use crate::inner::{Inner, Written};
use crate::json::{self, Short, concat};
use crate::parts::ArcSwapOption;

/// What one answer with details shows.
pub(crate) struct View<'a> {
    pub(crate) status: Status,
    pub(crate) shape: Shape,
    pub(crate) group: Option<usize>,
    /// None, if no check leads to who asks.
    pub(crate) via: Via<'a>,
    pub(crate) now: Moment,
}

/// An empty place for each list that is kept: the whole and each group, in each shape.
pub(crate) fn places(board: &Board) -> Box<[ArcSwapOption<Written>]> {
    let count = (board.groups.len() + 1) * 2;
    std::iter::repeat_with(ArcSwapOption::empty).take(count).collect()
}

impl View<'_> {
    fn place(&self) -> usize {
        let shape = usize::from(self.shape == Shape::HealthJson);
        self.group.map_or(0, |group| group + 1) * 2 + shape
    }
}

impl Inner {
    pub(crate) fn details(&self, view: &View<'_>) -> Bytes {
        if view.via.is_empty() {
            return self.around(view, &self.written(view).text);
        }
        self.around(view, &self.write(view, view.now))
    }

    fn around(&self, view: &View<'_>, checks: &str) -> Bytes {
        let status = view.status;
        let time = Short::time(self.clock.wall());
        let uptime = Short::of((view.now - self.started).as_secs());
        let (time, uptime) = (time.as_str(), uptime.as_str());
        let summary = self.summary(view, time);
        if view.shape == Shape::Plain {
            return concat(&[
                r#"{"status":""#,
                status.as_str(),
                r#"","timestamp":""#,
                time,
                r#"","uptimeSeconds":"#,
                uptime,
                &self.texts.version,
                &summary,
                r#","checks":["#,
                checks,
                "]}",
            ]);
        }
        let (word, said) = (status.in_health_json(), status.as_str());
        // The draft has none for a pass.
        let output = if word == "pass" { [""; 3] } else { [r#","output":""#, said, r#"""#] };
        concat(&[
            r#"{"status":""#,
            word,
            r#"""#,
            &self.texts.release,
            output[0],
            output[1],
            output[2],
            r#","checks":{"#,
            &json::uptime("pass", uptime, time),
            &summary,
            if checks.is_empty() { "" } else { "," },
            checks,
            "}}",
        ])
    }

    fn summary(&self, view: &View<'_>, time: &str) -> String {
        let Some(traffic) = &self.traffic else { return String::new() };
        let flow = Some(traffic.flow(view.now));
        let resident = Some(self.resident.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0);
        match view.shape {
            Shape::Plain => json::summary(flow, resident),
            Shape::HealthJson => json::summary_in_health_json(flow, resident, time),
        }
    }

    /// The list of the checks as everybody sees it, from the last time if nothing came in since.
    pub(crate) fn written(&self, view: &View<'_>) -> Arc<Written> {
        // Read before the checks are: what comes in meanwhile has it written again.
        let results = self.board.results.load(Ordering::Acquire);
        let (verdict, now) = self.board.verdict_and_time(view.now);
        let edition = verdict.edition;
        let place = self.written.get(view.place());
        if let Some(written) = place.and_then(|place| place.load().clone())
            && (written.results, written.edition) == (results, edition)
        {
            return written;
        }
        let written = Arc::new(Written { results, edition, text: self.write(view, now).into() });
        if let Some(place) = place {
            place.store(Some(written.clone()));
        }
        written
    }

    fn write(&self, view: &View<'_>, now: Moment) -> String {
        let mut text = String::new();
        for slot in self.board.members(view.group) {
            if !text.is_empty() {
                text.push(',');
            }
            let status = self.board.judge_for(slot, &view.via, now);
            slot.write(status, view.shape, &mut text);
        }
        text
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models;
