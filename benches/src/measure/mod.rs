//! The four ways to measure, each in its file.

mod allocations;
mod instructions;
mod threads;
mod time;

use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;

pub use self::allocations::count_allocations;
pub(crate) use self::instructions::run_counted;
pub(crate) use self::time::run_criterion;
use crate::Case;

/// What one case costs each time. What was not measured, or could not be, is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Figures {
    /// Nanoseconds.
    pub ns: Option<f64>,
    /// Instructions executed in user space.
    pub instructions: Option<f64>,
    /// Blocks asked of the allocator; one that grows counts again.
    pub allocations: Option<f64>,
    /// Bytes asked of the allocator.
    pub bytes: Option<f64>,
    /// Throughput of two threads over that of one: 2 is perfect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub two_threads: Option<f64>,
}

/// The figures of each case in its order, and in words what could not be measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) figures: Vec<Figures>,
    pub(crate) missing: Vec<String>,
}

/// Measures everything; time first, while the machine is quiet.
pub(crate) fn all(cases: &[&Case]) -> Measured {
    let mut measured = Measured::of(cases);
    measured.missing.extend(busy());
    measured.fill("time", time::of_quiet_moments(cases), |figures, ns| {
        figures.ns = Some(rounded(ns, 10.0));
    });
    measured.fill("two threads", threads::scaling(cases), |figures, factor| {
        figures.two_threads = factor.map(|factor| rounded(factor, 100.0));
    });
    measured.add_repeatable(cases);
    measured
}

/// Measures only what comes out the same each time, and so may gate.
pub(crate) fn repeatable(cases: &[&Case]) -> Measured {
    let mut measured = Measured::of(cases);
    measured.add_repeatable(cases);
    measured
}

impl Measured {
    fn of(cases: &[&Case]) -> Self {
        Self { figures: vec![Figures::default(); cases.len()], missing: Vec::new() }
    }

    fn add_repeatable(&mut self, cases: &[&Case]) {
        self.fill("instructions", instructions::count(cases), |figures, count| {
            figures.instructions = Some(count.round());
        });
        self.fill("allocations", allocations::count(cases), |figures, (count, bytes)| {
            figures.allocations = Some(count);
            figures.bytes = Some(bytes);
        });
    }

    fn fill<T>(&mut self, what: &str, values: io::Result<Vec<T>>, put: impl Fn(&mut Figures, T)) {
        match values {
            Ok(values) => self.figures.iter_mut().zip(values).for_each(|(f, value)| put(f, value)),
            Err(error) => self.missing.push(format!("{what}: not measured: {error}")),
        }
    }
}

/// The digits beyond are noise.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// Says so when others use the cores, for then no time can be trusted. Only Linux tells.
fn busy() -> Option<String> {
    let told = std::fs::read_to_string("/proc/loadavg").ok()?;
    let load: f32 = told.split(' ').next()?.parse().ok()?;
    (load > 1.0).then(|| format!("time: others kept this machine busy (load {load}); do it again"))
}

/// This very program again, in another role.
fn this_program() -> io::Result<Command> {
    std::env::current_exe().map(Command::new)
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is what this package is for")]
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
