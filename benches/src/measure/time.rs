//! Time, by criterion.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use serde::Deserialize;

use super::{this_program, timed};
use crate::Case;

/// How often all cases have their turn: who else runs on the same host can halve what a core does, for milliseconds or
/// for seconds, so nobody is measured in one piece.
const ROUNDS: usize = 16;
const SAMPLES_A_ROUND: usize = 50;

/// Nanoseconds for each case: as many as its fastest twentieth of samples takes at most, as noise only ever slows.
pub(super) fn of_quiet_moments(cases: &[&Case]) -> io::Result<Vec<f64>> {
    let mut samples = vec![Vec::with_capacity(ROUNDS * SAMPLES_A_ROUND); cases.len()];
    for _ in 0..ROUNDS {
        measure_once(cases)?;
        for (samples, case) in samples.iter_mut().zip(cases) {
            samples.extend(read_samples(case)?);
        }
    }
    Ok(samples.into_iter().map(fast_one).collect())
}

fn fast_one(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 20).copied().unwrap_or(f64::NAN)
}

/// One round, in a process of its own: criterion talks on the standard output, which belongs to the table.
fn measure_once(cases: &[&Case]) -> io::Result<()> {
    let mut child = this_program()?;
    child.arg("--criterion").args(cases.iter().map(|case| case.name())).stdout(io::stderr());
    if child.status()?.success() { Ok(()) } else { Err(io::Error::other("criterion failed")) }
}

/// The role of that process.
pub(crate) fn run_criterion(cases: &[&Case]) -> io::Result<()> {
    let mut criterion = Criterion::default()
        .output_directory(&directory()?)
        .without_plots()
        // Samples of a millisecond: many of them escape whatever else wants the core.
        .sample_size(SAMPLES_A_ROUND)
        .measurement_time(Duration::from_millis(50))
        .warm_up_time(Duration::from_millis(50))
        .nresamples(1000);
    for case in cases {
        let mut group = criterion.benchmark_group(file_name(case.group()));
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function(file_name(case.side()), |bencher| {
            bencher.iter_custom(|times| timed(|| case.run(times)));
        });
    }
    Ok(())
}

/// What one call took in each sample of the last round.
fn read_samples(case: &Case) -> io::Result<Vec<f64>> {
    #[derive(Deserialize)]
    struct Samples {
        iters: Vec<f64>,
        times: Vec<f64>,
    }
    let directory = directory()?.join(file_name(case.group())).join(file_name(case.side()));
    let samples: Samples = serde_json::from_reader(File::open(directory.join("new/sample.json"))?)?;
    Ok(samples.times.iter().zip(samples.iters).map(|(time, calls)| time / calls).collect())
}

/// `target/criterion`, where a person expects criterion's own files.
fn directory() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or(io::ErrorKind::NotFound)?;
    Ok(target.join("criterion"))
}

/// The name, in characters that criterion keeps as they are.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(plain).collect()
}
