//! Time, by criterion.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use serde::Deserialize;

use super::{this_program, timed};
use crate::Case;

/// Nanoseconds for each case, measured in a process of their own: criterion talks on the standard
/// output, which belongs to the table.
pub(super) fn median(cases: &[&Case]) -> io::Result<Vec<f64>> {
    let mut child = this_program()?;
    child.arg("--criterion").args(cases.iter().map(|case| case.name())).stdout(io::stderr());
    if !child.status()?.success() {
        return Err(io::Error::other("criterion failed"));
    }
    cases.iter().map(|case| read_median(case)).collect()
}

/// The role of that process.
pub(crate) fn run_criterion(cases: &[&Case]) -> io::Result<()> {
    let mut criterion = Criterion::default()
        .output_directory(&directory()?)
        .without_plots()
        // Samples of a millisecond: most of them escape whatever else wants the core.
        .sample_size(500)
        .measurement_time(Duration::from_millis(500))
        .warm_up_time(Duration::from_millis(200))
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

fn read_median(case: &Case) -> io::Result<f64> {
    #[derive(Deserialize)]
    struct Estimates {
        median: Estimate,
    }
    #[derive(Deserialize)]
    struct Estimate {
        point_estimate: f64,
    }
    let path = directory()?
        .join(file_name(case.group()))
        .join(file_name(case.side()))
        .join("new/estimates.json");
    let estimates: Estimates = serde_json::from_reader(File::open(path)?)?;
    Ok(estimates.median.point_estimate)
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
