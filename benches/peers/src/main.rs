//! Measures ours, the bare sides and the peers in one run.

use std::process::ExitCode;

fn main() -> ExitCode {
    buttress_benches::run(&peers::cases())
}
