//! Who is an outlier, compared with a model that goes through all pairs of endpoints, and counts shares in whole
//! numbers.

use proptest::prelude::*;

use super::*;

/// By a rule of its own each, and how sure that is: rates are fractions, and one that is off by its last bit is no
/// mistake.
fn model(rules: &OutlierRules, records: &[Record]) -> Option<Vec<(usize, Ejected)>> {
    let calls = |record: &Record| record.successes + record.failures;
    let rate = |record: &Record| f64::from(record.successes) / f64::from(calls(record).max(1));
    let counts = |record: &Record| calls(record) >= rules.least_calls;
    let rates: Vec<f64> = records.iter().filter(|record| counts(record)).map(rate).collect();
    let limit = rules.deviations.filter(|_| rates.len() >= rules.least_endpoints).map(|times| {
        let of = rates.iter().map(|_| 1.0).sum::<f64>();
        let mean = rates.iter().fold(0.0, |mean, rate| mean + rate / of);
        let pairs =
            rates.iter().flat_map(|one| rates.iter().map(move |other| (one - other).powi(2)));
        let deviation = (pairs.sum::<f64>() / (2.0 * of * of)).sqrt();
        mean - f64::max(times * deviation, f64::from(rules.gap) / 100.0)
    });
    let mut outliers = Vec::new();
    for (at, record) in records.iter().enumerate().filter(|(_, record)| counts(record)) {
        let below = limit.map_or(-1.0, |limit| limit - rate(record));
        if (below - ROUNDING).abs() < ROUNDING / 2.0 {
            return None;
        }
        let share = rules.failures.map(|percent| u64::from(percent) * u64::from(calls(record)));
        if below > ROUNDING {
            outliers.push((at, Ejected::SuccessRate));
        } else if share.is_some_and(|share| u64::from(record.failures) * 100 >= share) {
            outliers.push((at, Ejected::FailurePercent));
        }
    }
    Some(outliers)
}

fn rules() -> impl Strategy<Value = OutlierRules> {
    let deviations = prop::option::of(0.1..3.0_f64);
    let (gap, failures) = (0..=20_u32, prop::option::of(1..=100_u32));
    (deviations, gap, failures, 1..120_u32, 0..8_usize).prop_map(
        |(deviations, gap, failures, least_calls, least_endpoints)| {
            OutlierRules::new()
                .deviations(deviations)
                .least_gap(gap)
                .failure_percent(failures)
                .least_calls(least_calls)
                .least_endpoints(least_endpoints)
        },
    )
}

/// Mostly a hundred calls, so that shares are reached to the call.
fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        (0..=100_u32).prop_map(|failures| Record { successes: 100 - failures, failures }),
        (0..=8_u32).prop_map(|failures| Record { successes: 100 - failures, failures }),
        (any::<u16>(), any::<u16>()).prop_map(|(successes, failures)| Record {
            successes: successes.into(),
            failures: failures.into()
        }),
    ]
}

proptest! {
    #[test]
    fn outliers_are_those_of_a_slow_model(
        rules in rules(),
        records in prop::collection::vec(record(), 0..12),
    ) {
        let roster = Roster::new(rules, records.len(), Moment::FIRST);
        if let Some(outliers) = model(&rules, &records) {
            prop_assert_eq!(roster.outliers(&records), outliers);
        }
    }
}
