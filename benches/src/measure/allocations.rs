//! Allocations, by the second program.

use std::io;
use std::process::Command;

use crate::Case;

/// Fills caches and lazy tables, so that only what every request pays is counted.
const WARM_UP: u64 = 200;
const TIMES: u32 = 1000;

/// Is the whole `main` of the program that counts: prints how many blocks and bytes each case asks of
/// the allocator, as `measure` tells for a piece of work.
///
/// The crate `allocation-counter` counts each `alloc` of the current thread, and its size. A `realloc`
/// reaches it as a new block with the whole new size, and a zeroed block as any other. Frees, and what
/// other threads do, are not counted.
pub fn count_allocations(cases: &[Case], measure: fn(&mut dyn FnMut()) -> (u64, u64)) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = |total: u64| total as f64 / f64::from(TIMES);
    for case in cases {
        case.run(WARM_UP);
        let (blocks, bytes) = measure(&mut || case.run(TIMES.into()));
        println!("{}\t{}\t{}", case.name(), each(blocks), each(bytes));
    }
}

/// Allocations and bytes for each case, as the program beside this one counts them.
pub(super) fn count(cases: &[&Case]) -> io::Result<Vec<(f64, f64)>> {
    let program = std::env::current_exe()?;
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    let counter =
        program.with_file_name(format!("{name}-allocations{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&counter).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            io::Error::other(format!("{} is missing (`cargo build` makes it)", counter.display()))
        }
        _ => error,
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    cases.iter().map(|case| find(&said, case)).collect()
}

fn find(said: &str, case: &Case) -> io::Result<(f64, f64)> {
    let name = case.name();
    said.lines()
        .filter_map(|line| line.strip_prefix(&name)?.strip_prefix('\t')?.split_once('\t'))
        .find_map(|(blocks, bytes)| Some((blocks.parse().ok()?, bytes.parse().ok()?)))
        .ok_or_else(|| io::Error::other(format!("the program that counts left out `{name}`")))
}
