use std::time::Duration;

use buttress_core::clock::Moment;

/// Who has sent nothing for so long, after the last answer, has read it or never will.
pub(super) const SILENCE: Duration = Duration::from_secs(2);

/// Once the server closes, so much is what a client has to take its last answer in.
const HURRIED: Duration = Duration::from_secs(1);

/// Watches a connection that has had its last answer, and whose client still sends.
///
/// If it were closed at once, the system would answer what comes with a reset, and the client's system might throw the
/// answer away before it was read (RFC 9112, section 9.6). So what comes is read and thrown away, within these bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lingering {
    since: Moment,
    /// When something came last.
    moved: Moment,
    thrown: u64,
}

impl Lingering {
    pub(super) fn new(now: Moment, thrown: u64) -> Self {
        Self { since: now, moved: now, thrown }
    }

    /// So many bytes have been thrown away by `now`.
    pub(super) fn look(&mut self, now: Moment, thrown: u64) {
        if thrown > self.thrown {
            (self.moved, self.thrown) = (now, thrown);
        }
    }

    /// When it is over, of `longest` at most. `hurries` is whether the server closes.
    pub(super) fn end(&self, longest: Duration, hurries: bool) -> Moment {
        let longest = if hurries { longest.min(HURRIED) } else { longest };
        (self.since + longest).min(self.moved + SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(n)
    }

    const LONGEST: Duration = Duration::from_secs(10);

    #[test]
    fn who_is_silent_is_given_up() {
        let mut lingering = Lingering::new(second(5), 0);
        assert_eq!(lingering.end(LONGEST, false), second(7));
        lingering.look(second(6), 1);
        lingering.look(second(7), 1);
        assert_eq!(lingering.end(LONGEST, false), second(8));
    }

    #[test]
    fn who_sends_for_ever_is_given_up() {
        let mut lingering = Lingering::new(second(5), 0);
        for now in 6..20 {
            lingering.look(second(now), now);
            assert!(lingering.end(LONGEST, false) <= second(15));
        }
        assert_eq!(lingering.end(LONGEST, false), second(15));
    }

    #[test]
    fn a_server_that_closes_has_little_time() {
        let lingering = Lingering::new(second(5), 0);
        assert_eq!(lingering.end(LONGEST, true), second(6));
        assert_eq!(
            lingering.end(Duration::from_millis(1), true),
            second(5) + Duration::from_millis(1)
        );
    }
}
