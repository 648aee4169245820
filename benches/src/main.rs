//! Measures ours and the bare sides. The peers' program is in `peers`.

use std::process::ExitCode;

fn main() -> ExitCode {
    buttress_benches::run(&buttress_benches::cases::all())
}
