//! What the guide says of retries is so.

use std::convert::Infallible;
use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use buttress_core::clock::{ManualClock, ms, secs};
use buttress_retry::{
    Backoff, Budget, CATALOGUE, Cost, Follow, Hedge, Jitter, Retry, RetrySettings,
};
use buttress_testkit::guide::Page;
use buttress_testkit::poll;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

#[test]
fn every_metric_is_in_the_catalogue() {
    let signals = Page::of("signals.md");
    assert_eq!(signals.untold(CATALOGUE), [""; 0]);
    let repeats = signals.row("buttress_retry_repeats_total").concat();
    for cost in Cost::ALL {
        assert!(repeats.contains(&format!("`{cost}`")), "{cost}");
    }
}

#[test]
fn alerts_ask_for_metrics_and_labels_that_there_are() {
    assert_eq!(Page::of("signals.md").misnamed("buttress_retry_", CATALOGUE), [""; 0]);
}

#[test]
fn the_defaults_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Retry");
    let [first, longest, longest_alone] = page.numbers("first pause")[..] else { panic!() };
    let [percent, floor] = page.numbers("budget")[..] else { panic!() };
    let [kib, mib] = page.numbers::<usize>("`keep_bodies`")[..] else { panic!() };
    let told = Retry::up_to(page.numbers("`up_to(n)`")[0])
        .backoff(Backoff::exponential(ms(first)).max(secs(longest)).jitter(Jitter::Full))
        .follow(Follow::UpTo(secs(page.numbers("`follow`")[0])))
        .budget(Budget::percent(percent).floor(floor))
        .keep_bodies(kib << 10, mib << 20)
        .least_attempt(ms(page.numbers("`least_attempt`")[0]));
    let settings = RetrySettings::default().builder().unwrap();
    assert_eq!(format!("{settings:?}"), format!("{told:?}"));
    assert_eq!(Backoff::exponential(ms(first)).longest(), secs(longest_alone));
}

#[test]
fn the_ready_made_settings_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Retry");
    for (name, ready_made) in [
        ("`Retry::api()`", Retry::api()),
        ("`Retry::fast()`", Retry::fast()),
        ("`Retry::database()`", Retry::database()),
    ] {
        let [_, tries, pauses, jitter, budget, _] = page.row(name)[..] else { panic!("{name}") };
        let pauses = match numbers(pauses)[..] {
            [first, longest] => Backoff::exponential(ms(first)).max(ms(longest)),
            _ if pauses == "none" => Backoff::none(),
            _ => panic!("{pauses}"),
        };
        let jitter = match jitter {
            "none" => Jitter::None,
            "full" => Jitter::Full,
            "decorrelated" => Jitter::Decorrelated,
            _ => panic!("{jitter}"),
        };
        let [percent, floor] = numbers(budget)[..] else { panic!("{budget}") };
        let told = Retry::up_to(numbers(tries)[0])
            .backoff(pauses.jitter(jitter))
            .budget(Budget::percent(percent).floor(floor));
        assert_eq!(format!("{ready_made:?}"), format!("{told:?}"), "{name}");
    }
}

/// The numbers in a cell.
fn numbers<N: FromStr>(cell: &str) -> Vec<N> {
    let cell = cell.replace(',', "");
    cell.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn the_statuses_are_those_of_the_guide() {
    let told: Vec<u16> = Page::of("thresholds.md").section("Retry").numbers("statuses");
    let repeated = (400..600).filter(|status| attempts(*status) > 1);
    assert_eq!(repeated.collect::<Vec<_>>(), told);
}

/// How often a dependency is asked that always answers with this.
fn attempts(status: u16) -> usize {
    let (status, asked) = (StatusCode::from_u16(status).unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let client = service_fn(move |_: Request<_>| {
        count.fetch_add(1, Ordering::Relaxed);
        let answer = Response::builder().status(status).body(Full::<Bytes>::default());
        ready(Ok::<_, Infallible>(answer.unwrap()))
    });
    let retry = Retry::up_to(2).backoff(Backoff::none()).timer(ManualClock::new());
    let client = retry.build().unwrap().layer(client);
    let request = Request::new(Full::<Bytes>::default());
    poll::assert_ready(Box::pin(client.oneshot(request))).unwrap();
    asked.load(Ordering::Relaxed)
}

#[test]
fn the_defaults_of_a_hedge_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Hedge");
    let told = Hedge::at_percentile(95)
        .until_known(ms(page.numbers("delay")[0]))
        .at_most_percent(page.numbers("`at_most_percent`")[0]);
    assert_eq!(format!("{:?}", Hedge::at_percentile(95)), format!("{told:?}"));
}
