//! What the guide shows of the outbound wall is what works.

use std::collections::BTreeMap;

use buttress::OutboundSettings;
use buttress::prelude::*;
use buttress_testkit::guide::Page;

#[test]
fn the_settings_of_the_guide_are_the_wall_beside_them() {
    let page = Page::of("outbound.md");
    let file: BTreeMap<String, OutboundSettings> = toml::from_str(page.block("toml")).unwrap();
    let settings = &file["payments"];
    assert!(settings.build().is_ok());

    let wall = Outbound::to("payments")
        .deadline(secs(2))
        .retry(
            Retry::up_to(3)
                .backoff(Backoff::exponential(ms(10)).max(ms(50)))
                .wait_for_refusals(false),
        )
        .circuit_breaker(CircuitBreaker::after(3).open_for(ms(200)..=ms(400)))
        .bulkhead(16)
        .attempt_timeout(ms(500));
    assert_eq!(format!("{:?}", settings.builder().unwrap()), format!("{wall:?}"));
}
