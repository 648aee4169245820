//! What others publish of how theirs behave, as data: facts, told anew, with a reason wherever ours does otherwise.

mod polly;
mod resilience4j;
mod script;
mod windows;

use script::Scenario;

/// Each deviation is printed, and has to be one line that explains itself.
fn play_all(of: &str, scenarios: &[Scenario]) {
    for scenario in scenarios {
        scenario.play();
        if let Some(why) = scenario.deviation {
            assert!(why.len() > 20 && !why.contains('\n'));
            println!("{of} {}: {why}", scenario.id);
        }
    }
}

#[test]
fn resilience4j_opens_and_closes() {
    play_all("resilience4j", resilience4j::SCENARIOS);
}

#[test]
fn resilience4j_counts() {
    play_all("resilience4j", windows::RESILIENCE4J);
}

#[test]
fn polly_opens_and_closes() {
    play_all("polly", polly::SCENARIOS);
}

#[test]
fn polly_counts() {
    play_all("polly", windows::POLLY);
}
