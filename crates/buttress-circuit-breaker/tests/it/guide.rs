//! What the guide says of circuit breakers is so.

use buttress_circuit_breaker::machine::Policy;
use buttress_circuit_breaker::{CATALOGUE, CircuitBreaker, CircuitBreakerSettings, Reason, State};
use buttress_core::clock::secs;
use buttress_core::outcome::Outcome;
use buttress_testkit::guide::Page;

#[test]
fn every_metric_is_in_the_catalogue_with_what_its_labels_say() {
    let signals = Page::of("signals.md");
    assert_eq!(signals.untold(CATALOGUE), [""; 0]);

    let told = |metric: &str, words: &[&str]| {
        let row = signals.row(metric).concat();
        let missing = words.iter().find(|word| !row.contains(&format!("`{word}`")));
        assert_eq!(missing, None, "{metric}");
    };
    told("buttress_breaker_calls_total", &Outcome::ALL.map(Outcome::as_str));
    told("buttress_breaker_refused_total", &Reason::ALL.map(Reason::as_str));
    let states = [State::HalfOpen, State::RampingUp, State::ForcedOpen];
    told("buttress_breaker_refused_total", &states.map(State::as_str));
}

/// Also where they stand in the README. Of a fleet none does.
#[test]
fn alerts_ask_for_metrics_and_labels_that_there_are() {
    for page in ["signals.md", "../crates/buttress-circuit-breaker/README.md"] {
        assert_eq!(Page::of(page).misnamed("buttress_breaker_", CATALOGUE), [""; 0], "{page}");
    }
}

#[test]
fn the_defaults_are_those_of_the_guide() {
    let page = Page::of("thresholds.md").section("Circuit breaker");
    let seconds = |of| page.numbers(of).into_iter().map(secs).collect::<Vec<_>>();
    let (open, slow, lease) = (seconds("`open_for"), seconds("`slow(time)`"), seconds("`lease`"));
    let (probes, jitter) = (page.numbers("`probes`"), page.numbers("`jitter`"));
    let told = Policy::default()
        .open_for(open[0], open[1])
        .jitter(jitter[0])
        .probes(probes[0])
        .close_after(probes[1])
        .lease(lease[0])
        .slow(slow[0]);
    assert_eq!(told, Policy::default());

    let told = CircuitBreaker::after(page.numbers("`after(n)`")[0]);
    let settings = CircuitBreakerSettings::default().builder().unwrap();
    assert_eq!(format!("{settings:?}"), format!("{told:?}"));
}
