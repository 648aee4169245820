use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::{Health, HealthStatus};
use buttress_testkit::models::{explore, thread};

use super::*;
use crate::slot::Seen;
use crate::{Check, HealthChecks};

/// A result that changes no status is in the next report all the same.
#[test]
fn a_list_is_never_older_than_a_result() {
    let seen = |text: &str| Seen {
        status: HealthStatus::Up,
        latency: Duration::ZERO,
        time: Timestamp::EPOCH,
        since: Timestamp::EPOCH,
        last_success: None,
        message: None,
        details: Vec::new(),
        expires: Moment::LAST,
        text: text.into(),
        health_text: Box::default(),
    };
    explore(move || {
        let check = Check::of("one", || async { Health::up() });
        let health = HealthChecks::builder().check(check).build().unwrap();
        let (inner, now) = (&health.0, Moment::FIRST);
        inner.board.put(&inner.board.slots[0], seen("first"), || now);
        let putting = thread::spawn({
            let (health, second) = (health.clone(), seen("second"));
            move || health.0.board.put(&health.0.board.slots[0], second, || now)
        });
        let view =
            View { status: Status::Ok, shape: Shape::Plain, group: None, via: Via::default(), now };
        let _ = inner.written(&view);
        assert!(!putting.join().unwrap(), "its status is the same");
        let text = &inner.written(&view).text;
        assert!(text.contains("second"), "{text}");
    });
}
