/// Warns if the process may not open a file for each connection that there may be: then files come to an end before
/// connections do, and accepting fails rather than waits.
pub(super) fn check(connections: usize) {
    compare(connections, allowed());
}

/// Each connection is a file, and the listener, the runtime and the application have some of their own.
fn compare(connections: usize, allowed: Option<u64>) {
    let Some(allowed) = allowed.filter(|allowed| *allowed <= connections as u64) else { return };
    tracing::warn!(
        target: "buttress", connections, allowed,
        "the process may open fewer files than there may be connections"
    );
}

/// What `ulimit -n` says, if it is limited.
#[cfg(unix)]
fn allowed() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn allowed() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use buttress_testkit::log::Log;

    use super::*;

    #[test]
    fn a_file_for_each_connection_is_one_too_few() {
        let log = Log::of("buttress");
        let listening = log.listen();
        for (connections, allowed) in [(9_999, Some(10_000)), (usize::MAX, None)] {
            compare(connections, allowed);
        }
        assert!(log.take().is_empty());
        compare(10_000, Some(10_000));
        drop(listening);
        let warning = "the process may open fewer files than there may be connections";
        assert_eq!(log.take(), [format!("WARN message={warning} connections=10000 allowed=10000")]);
    }

    /// Numbers of files are given out from the lowest on, so the next one is below the limit.
    #[cfg(unix)]
    #[test]
    fn the_limit_is_that_of_this_process() {
        use std::os::fd::AsRawFd;
        let next = std::fs::File::open(".").unwrap().as_raw_fd();
        let next = u64::try_from(next).unwrap();
        assert!(allowed().is_none_or(|allowed| next < allowed));
    }
}
