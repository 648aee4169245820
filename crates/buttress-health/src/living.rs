use buttress_core::stage::RequestHead;
use buttress_core::{Health, HealthStatus};
use bytes::Bytes;
use http::Response;

use crate::accept::Shape;
use crate::answer::response;
use crate::course::{self, LONGEST_MESSAGE};
use crate::inner::Inner;
use crate::json::{self, Short, concat};
use crate::vital::Vital;
use crate::{CheckStatus, Status};

impl Inner {
    /// Whether a restart would help, from memory.
    pub(crate) fn live(&self, request: &dyn RequestHead) -> Response<Bytes> {
        let now = self.clock.now();
        let time = Short::time(self.clock.wall());
        let uptime = Short::of((now - self.started).as_secs());
        let shape = Shape::of(request.headers());
        let (uptime, time) = (uptime.as_str(), time.as_str());
        let (status, checks) = self.look(request, shape, time);
        let body = match shape {
            Shape::Plain => plain(status, [uptime, &self.texts.version, time, &checks]),
            Shape::HealthJson => health_json(status, [&self.texts.release, uptime, time, &checks]),
        };
        response(status.is_ready(), shape, body)
    }

    /// How the process is, and what was asked, for those who may see it. Each is asked once, so that one answer never
    /// says two things.
    fn look(&self, request: &dyn RequestHead, shape: Shape, time: &str) -> (Status, String) {
        let of = |lives| if lives { Status::Ok } else { Status::Down };
        if self.vitals.is_empty() || !self.access.allows(request) {
            return (of(self.vitals.iter().all(Vital::is_alive)), String::new());
        }
        let mut lives = true;
        let each = self.vitals.iter().map(|vital| {
            let health = vital.look();
            lives &= health.status() != HealthStatus::Down;
            self.shown(vital, &health, shape, time)
        });
        let each = each.collect::<Vec<_>>().join(",");
        let checks = match shape {
            Shape::Plain => format!(r#","checks":[{each}]"#),
            Shape::HealthJson => format!(",{each}"),
        };
        (of(lives), checks)
    }

    fn shown(&self, vital: &Vital, health: &Health, shape: Shape, time: &str) -> String {
        let (name, status) = (&vital.name, CheckStatus::from(health.status()));
        let (mut text, end) = match shape {
            Shape::Plain => {
                (format!(r#"{{"name":{},"status":"{status}""#, json::string(name)), "}")
            }
            Shape::HealthJson => {
                let (name, word) =
                    (json::string(&format!("{name}:liveness")), status.in_health_json());
                let head = format!(
                    r#"{name}:[{{"componentType":"component","status":"{word}","state":"{status}","time":"{time}""#
                );
                (head, "}]")
            }
        };
        let told = health.message().map(|text| self.redact.text(text, LONGEST_MESSAGE));
        let message = json::message_name(health.status(), shape);
        json::said(&mut text, message, told.as_deref(), &course::details(health, &self.redact));
        text.push_str(end);
        text
    }
}

fn plain(status: Status, [uptime, version, time, checks]: [&str; 4]) -> Bytes {
    concat(&[
        r#"{"status":""#,
        status.as_str(),
        r#"","uptimeSeconds":"#,
        uptime,
        version,
        r#","timestamp":""#,
        time,
        r#"""#,
        checks,
        "}",
    ])
}

fn health_json(status: Status, [release, uptime, time, checks]: [&str; 4]) -> Bytes {
    let word = status.in_health_json();
    let uptime = json::uptime(word, uptime, time);
    concat(&[r#"{"status":""#, word, r#"""#, release, r#","checks":{"#, &uptime, checks, "}}"])
}
