use std::io;
use std::time::Duration;

/// The first pause; each further failure doubles it.
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// How long accepting pauses after an error, so that a process out of file descriptors does not spin.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A connection was accepted.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Accepting failed; says how long to pause. An error of one connection is no reason to.
    pub(super) fn failed(&mut self, error: &io::Error) -> Option<Duration> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
        ) {
            return None;
        }
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_start_again() {
        let mut backoff = Backoff::default();
        let exhausted = io::Error::from_raw_os_error(24);
        let pauses: Vec<_> =
            (0..20).map(|_| backoff.failed(&exhausted).unwrap().as_millis()).collect();
        assert_eq!(pauses[..8], [10, 20, 40, 80, 160, 320, 640, 1_000]);
        assert!(pauses[8..].iter().all(|pause| *pause == 1_000));
        backoff.succeeded();
        assert_eq!(backoff.failed(&exhausted), Some(FIRST));
    }

    #[test]
    fn a_client_that_has_gone_delays_nobody() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed(&io::ErrorKind::ConnectionAborted.into()), None);
    }
}
