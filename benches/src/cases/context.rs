//! What every request is given first: id, trace, client address, and the id's echo.

use buttress_core::Context;
use buttress_core::clock::CounterClock;
use buttress_core::stage::Stage;

use tower_layer::Layer;

use crate::{Budget, Case, Hello, welcomes};

/// What is measured.
pub const GROUP: &str = "request context";

/// The rows of this subject.
#[must_use]
pub fn cases() -> Vec<Case> {
    let ours = Context::default().layer();
    let counter = Context::builder().clock(CounterClock).build();
    vec![
        Case::bare(GROUP, welcomes(Hello)).on_two_threads(),
        Case::ours(GROUP, welcomes(ours.clone().layer(Hello)))
            .within(Budget::new(2390, 2))
            .on_two_threads(),
        Case::peer(GROUP, "ours, leaked", welcomes(ours.leak().layer(Hello))).on_two_threads(),
    ]
    .into_iter()
    .chain(counter.map(|counter| {
        let service = counter.layer().layer(Hello);
        Case::peer(GROUP, "ours, the processor's counter", welcomes(service))
    }))
    .collect()
}
