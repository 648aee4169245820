//! Instructions, by callgrind.
//!
//! It counts only inside of [`counted`], which is called after a first run. Whatever is made once is left out: a
//! table of a million keys, or a clock that somebody calibrates.

use std::io;
use std::process::{Child, Command, Stdio};

use crate::Case;

/// How often the work is done in the two runs, whose difference leaves out what each of them costs once.
const FEW: u64 = 500;
const MANY: u64 = 1500;
const WARM_UP: u64 = 200;

/// Instructions for each case.
pub(super) fn count(cases: &[&Case]) -> io::Result<Vec<f64>> {
    cases.iter().map(|case| count_one(case)).collect()
}

/// The role of the process that callgrind watches.
pub(crate) fn run_counted(case: &Case, times: u64) {
    case.run(WARM_UP);
    counted(case, times);
}

/// Callgrind knows it by its name, so it must keep one.
#[inline(never)]
fn counted(case: &Case, times: u64) {
    case.run(times);
}

fn count_one(case: &Case) -> io::Result<f64> {
    let few = start(case, FEW)?;
    let many = start(case, MANY)?;
    let difference = total(many)?.saturating_sub(total(few)?);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(difference as f64 / (MANY - FEW) as f64)
}

fn start(case: &Case, times: u64) -> io::Result<Child> {
    Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*measure::instructions::counted*")
        // What was freed while all cases were made decides how glibc finds room afterwards. With more places for what
        // was freed it finds it alike, whatever was made before; with seven, a context cost 455 more in some programs.
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=64")
        .arg(std::env::current_exe()?)
        .args(["--one", &case.name(), &times.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::other(
                "valgrind is missing (`apt-get install valgrind` or your system's way)",
            ),
            _ => error,
        })
}

/// Callgrind's last words are `==4711== Collected : 81273`.
fn total(child: Child) -> io::Result<u64> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .filter_map(|line| line.split_once("Collected : "))
        .find_map(|(_, count)| count.trim().parse().ok())
        .filter(|_| output.status.success())
        .ok_or_else(|| io::Error::other(format!("callgrind failed:\n{said}")))
}
