//! How long one may wait is not ignored where nobody may.

use buttress_core::BuildError;
use buttress_core::clock::NoTimer;
use buttress_overload::bulkhead::BulkheadSettings;
use buttress_overload::shed::ShedSettings;

fn faults(error: &BuildError) -> Vec<String> {
    error.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn a_wait_needs_a_queue_whichever_timer_there_is() {
    let mut told = BulkheadSettings::default();
    (told.queue, told.at_most_ms) = (0, 500);
    let error = told.builder(NoTimer).timer(NoTimer).build().unwrap_err();
    assert_eq!(faults(&error), ["at_most_ms: needs a queue"]);

    let mut told = ShedSettings::default();
    (told.queue, told.at_most_ms) = (0, 500);
    let error = told.builder(NoTimer).timer(NoTimer).build().unwrap_err();
    assert_eq!(faults(&error), ["at_most_ms: needs a queue"]);
}

#[test]
fn what_nobody_has_said_is_no_wait() {
    let mut told = BulkheadSettings::default();
    told.queue = 0;
    assert!(told.builder(NoTimer).build().is_ok());

    let mut told = ShedSettings::default();
    told.queue = 0;
    assert!(told.builder(NoTimer).build().is_ok());
}
