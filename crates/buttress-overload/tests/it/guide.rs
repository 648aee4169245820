//! What the guide says of limits, queues and endpoints is so.

use buttress_core::Code;
use buttress_overload::adaptive::AdaptiveSettings;
use buttress_overload::bulkhead::BulkheadSettings;
use buttress_overload::outlier::{Ejected, OutlierRules, OutlierSettings};
use buttress_overload::shed::ShedSettings;
use buttress_overload::throttle::ThrottleSettings;
use buttress_overload::{Priority, adaptive, bulkhead, deadline, outlier, shed, throttle, timeout};
use buttress_testkit::guide::Page;

#[test]
fn every_metric_is_in_the_catalogue() {
    let all = [
        adaptive::CATALOGUE,
        bulkhead::CATALOGUE,
        deadline::CATALOGUE,
        outlier::CATALOGUE,
        shed::CATALOGUE,
        throttle::CATALOGUE,
        timeout::CATALOGUE,
    ];
    for page in ["signals.md", "../crates/buttress-overload/README.md"] {
        let signals = Page::of(page);
        assert_eq!(signals.untold(&all.concat()), [""; 0], "{page}");
        let left_out = signals.row("buttress_outlier_left_out_total").concat();
        for why in Ejected::ALL {
            assert!(left_out.contains(&format!("`{}`", why.as_str())), "{page}: {why:?}");
        }
    }
}

#[test]
fn alerts_ask_for_metrics_and_labels_that_there_are() {
    let signals = Page::of("signals.md");
    assert_eq!(signals.misnamed("buttress_bulkhead_", bulkhead::CATALOGUE), [""; 0]);
}

#[test]
fn the_defaults_of_a_bulkhead_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Bulkhead and its queue");
    let mut told = BulkheadSettings::default();
    told.permits = page.numbers("permits")[0];
    told.at_most_ms = page.numbers::<u64>("queue")[0] * 1_000;
    assert_eq!(told, BulkheadSettings::default());
    assert_eq!(told.queue, 0, "none");
}

#[test]
fn the_defaults_of_limits_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Shed, adaptive, throttle");
    let ms = |of| page.numbers::<u64>(of).into_iter().map(|secs| secs * 1_000).collect::<Vec<_>>();

    let mut told = AdaptiveSettings::default();
    let bounds = page.numbers("bounds");
    (told.least, told.most, told.starting_at) = (bounds[0], bounds[1], bounds[2]);
    told.tolerance = page.numbers("tolerance")[0];
    told.measured_every_ms = ms("measured anew")[0];
    told.slow_ms = ms("`slow`")[0];
    assert_eq!(told, AdaptiveSettings::default());

    let mut told = ShedSettings::default();
    told.queue = page.numbers("queue of `shed`")[0];
    told.at_most_ms = ms("queue of `shed`")[1];
    let codel = page.numbers("`Codel`");
    (told.target_ms, told.interval_ms) = (codel[0], codel[1]);
    assert_eq!(told, ShedSettings::default());

    let mut told = ThrottleSettings::default();
    told.window_ms = ms("throttle")[0];
    assert_eq!(told, ThrottleSettings::default());

    let shares: Vec<u32> = page.numbers("shares");
    assert_eq!(Priority::ALL.map(Priority::share).into_iter().rev().collect::<Vec<_>>(), shares);
}

#[test]
fn the_defaults_of_outliers_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Outliers");
    let mut told = OutlierSettings::default();
    told.in_a_row = page.numbers("`in_a_row`")[0];
    told.deviations = page.numbers("`deviations`")[0];
    told.least_gap = page.numbers("`least_gap`")[0];
    let [least_endpoints, least_calls, every] = page.numbers::<u32>("`deviations`")[..] else {
        panic!("three whole numbers")
    };
    (told.least_calls, told.every_ms) = (least_calls, u64::from(every) * 1_000);
    told.least_endpoints = usize::try_from(least_endpoints).unwrap();
    told.most_left_out = page.numbers("`most_left_out`")[0];
    told.panic_below = page.numbers("`panic_below`")[0];
    let times: Vec<u64> = page.numbers("`left_out_for`");
    (told.left_out_for_ms, told.at_most_ms) = (times[0] * 1_000, times[2] * 1_000);
    assert_eq!(told, OutlierSettings::default());
    assert_eq!(told.rules(), OutlierRules::new());
}

#[test]
fn the_codes_are_those_of_the_guide() {
    let page = Page::of("outbound.md");
    let codes = [
        Code::TIMED_OUT,
        Code::THROTTLED_LOCALLY,
        Code::OVERLOADED,
        Code::CIRCUIT_OPEN,
        Code::SATURATED,
    ];
    for code in codes {
        assert_eq!(page.numbers::<u16>(&format!("`{code}`")), [code.status().as_u16()], "{code}");
    }
}
