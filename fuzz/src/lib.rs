//! Whatever parses bytes from outside is fuzzed here.
//!
//! A target is a module with `pub fn run(data: &[u8])`, which must return for any input. What it *finds
//! out* about the input, it asserts: that what was written is read back, that nothing malformed gets
//! through. `scripts/fuzz` looks for inputs that break it; the inputs worth keeping are in
//! `corpus/<target>/`, and an ordinary test replays them.
//!
//! To add one: its module, its line in [`TARGETS`], `src/bin/<target>.rs` with nothing but [`binary!`],
//! and a few inputs.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target that has found something panics"
)]

pub mod accept;
pub mod addresses;
pub mod authority;
pub mod deadlines;
pub mod fleet_tallies;
pub mod foreign;
pub mod forwarded;
pub mod health_answer;
pub mod health_requests;
pub mod http1_heads;
pub mod http2_frames;
pub mod keys;
pub mod limit_answers;
pub mod limit_requests;
pub mod limit_settings;
pub mod limit_times;
pub mod outbound_settings;
pub mod problem_formats;
pub mod proxy_header;
pub mod redact;
pub mod redis_answers;
pub mod redis_facts;
pub mod redis_refusals;
pub mod redis_sentinels;
pub mod redis_slots;
pub mod redis_url;
pub mod request_id;
pub mod retry_advice;
pub mod traceparent;
pub mod tracestate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

/// One target: its name, which its binary and its corpus share, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target: `("forwarded", forwarded::run)`, and so on.
pub const TARGETS: &[Target] = &[
    ("accept", accept::run),
    ("addresses", addresses::run),
    ("authority", authority::run),
    ("deadlines", deadlines::run),
    ("fleet_tallies", fleet_tallies::run),
    ("foreign", foreign::run),
    ("forwarded", forwarded::run),
    ("problem_formats", problem_formats::run),
    ("health_answer", health_answer::run),
    ("health_requests", health_requests::run),
    ("http1_heads", http1_heads::run),
    ("http2_frames", http2_frames::run),
    ("keys", keys::run),
    ("limit_answers", limit_answers::run),
    ("limit_requests", limit_requests::run),
    ("limit_settings", limit_settings::run),
    ("limit_times", limit_times::run),
    ("outbound_settings", outbound_settings::run),
    ("proxy_header", proxy_header::run),
    ("redact", redact::run),
    ("redis_answers", redis_answers::run),
    ("redis_facts", redis_facts::run),
    ("redis_refusals", redis_refusals::run),
    ("redis_sentinels", redis_sentinels::run),
    ("redis_slots", redis_slots::run),
    ("redis_url", redis_url::run),
    ("request_id", request_id::run),
    ("retry_advice", retry_advice::run),
    ("traceparent", traceparent::run),
    ("tracestate", tracestate::run),
];

/// Runs a target on an input found in a file, and on each file of a folder. Says how many those were.
///
/// # Errors
///
/// Fails if a file cannot be read.
pub fn replay(run: fn(&[u8]), path: &Path) -> io::Result<usize> {
    if !path.is_dir() {
        run(&fs::read(path)?);
        return Ok(1);
    }
    let mut inputs = 0;
    for entry in fs::read_dir(path)? {
        inputs += replay(run, &entry?.path())?;
    }
    Ok(inputs)
}

/// Where the committed inputs of a target are.
#[must_use]
pub fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// The whole of a target's binary.
///
/// Under `scripts/fuzz` libFuzzer brings `main`. Built as usual, it replays the files and folders that
/// its arguments name: to see a failure again, without any fuzzer.
#[macro_export]
macro_rules! binary {
    ($target:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::$target::run(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::main($crate::$target::run)
        }
    };
}

#[doc(hidden)]
#[must_use]
pub fn main(run: fn(&[u8])) -> ExitCode {
    for path in env::args_os().skip(1) {
        let path = Path::new(&path);
        match replay(run, path) {
            Ok(inputs) => println!("{}: {inputs} replayed", path.display()),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
