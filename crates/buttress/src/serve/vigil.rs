use std::time::Duration;

use buttress_core::clock::Moment;

use super::cause::Cause;
use super::limits::Timeouts;
use super::pace::Patience;

/// What can be seen of a connection from outside of the HTTP library.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Requests that have begun, ever.
    pub(super) requests: u64,
    /// Requests whose answers have not ended.
    pub(super) in_flight: usize,
    /// The head of a request has begun to arrive.
    pub(super) in_head: bool,
    /// The peer does not take what is written.
    pub(super) blocked: bool,
    /// Bytes written, ever.
    pub(super) written: u64,
}

/// What is to be done about a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It is old: let the next answer be the last.
    Last,
    /// End it as the protocol has it, once nothing is under way.
    Close(Cause),
    /// Cut it off.
    Kill(Cause),
}

/// Watches one connection against its deadlines: decided here, and nowhere else.
#[derive(Debug)]
pub(super) struct Vigil {
    timeouts: Timeouts,
    opened: Moment,
    requests: u64,
    /// Since when no request is under way.
    quiet: Option<Moment>,
    head: Option<Moment>,
    closing: Option<Moment>,
    aged: bool,
    greeted: bool,
    reader: Patience,
    written: u64,
}

impl Vigil {
    pub(super) fn new(timeouts: Timeouts, opened: Moment) -> Self {
        let reader = Patience::new(timeouts.stall, timeouts.rate);
        let (quiet, written) = (Some(opened), 0);
        let (requests, head, closing) = (0, None, None);
        let (aged, greeted) = (false, false);
        Self { timeouts, opened, requests, quiet, head, closing, aged, greeted, reader, written }
    }

    /// The peer has said more than nothing before its first request, so it may idle as between two of them: a client
    /// of HTTP/2 that connects early.
    pub(super) fn greeted(self) -> Self {
        Self { greeted: true, ..self }
    }

    /// Takes in how it is `now`.
    pub(super) fn look(&mut self, now: Moment, seen: Seen) {
        if seen.written > self.written {
            self.reader.moved(now, seen.written - self.written);
            self.written = seen.written;
        }
        if seen.blocked {
            self.reader.waits(now);
        } else {
            self.reader.rests(now);
        }
        // Requests may come and go between two looks.
        if seen.requests > self.requests {
            (self.requests, self.quiet, self.head) = (seen.requests, None, None);
        }
        if seen.in_flight > 0 {
            (self.quiet, self.head) = (None, None);
            return;
        }
        self.quiet.get_or_insert(now);
        self.head = seen.in_head.then(|| self.head.unwrap_or(now));
    }

    /// The connection was told to end once nothing is under way.
    pub(super) fn closing(&mut self, now: Moment) {
        self.closing.get_or_insert(now);
    }

    /// What is to be done, and when, if nothing happens meanwhile.
    pub(super) fn due(&self) -> Due {
        let reader = self.reader.end().map(|end| (end, Verdict::Kill(Cause::SlowReader)));
        let quiet = self.quiet.map(|quiet| self.quiet(quiet));
        let age = self.timeouts.age.filter(|_| !self.aged && self.closing.is_none());
        let age = age.map(|age| (self.opened + age, Verdict::Last));
        sooner(sooner(reader, quiet), age)
    }

    /// Its age was noted.
    pub(super) fn aged(&mut self) {
        self.aged = true;
    }

    fn quiet(&self, quiet: Moment) -> (Moment, Verdict) {
        let Timeouts { header, idle, stall, .. } = self.timeouts;
        let first = self.requests == 0 && !self.greeted;
        let begun = if first { Some(self.opened) } else { self.head };
        let next = match begun {
            Some(begun) => (begun + header, Verdict::Kill(Cause::HeaderTimeout)),
            None => (quiet + idle, Verdict::Close(Cause::Idle)),
        };
        match self.closing {
            Some(closing) => {
                let stuck = (closing.max(quiet) + stall, Verdict::Kill(Cause::Stuck));
                if begun.is_some() && next.0 < stuck.0 { next } else { stuck }
            }
            None => next,
        }
    }
}

type Due = Option<(Moment, Verdict)>;

fn sooner(one: Due, other: Due) -> Due {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 < one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// `age`, made shorter or longer by up to a tenth, so that connections that came together do not end
/// together. `random` is anything.
pub(super) fn jittered(age: Duration, random: u64) -> Duration {
    // 0 to 200 thousandths, from the top bits.
    let thousandths = 900 + u32::try_from((u128::from(random) * 201) >> 64).unwrap_or(100);
    age / 1_000 * thousandths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn timeouts() -> Timeouts {
        Timeouts {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            age: Some(Duration::from_secs(1_000)),
            stall: Duration::from_secs(30),
            rate: 100,
        }
    }

    fn second(n: u64) -> Moment {
        Moment::FIRST + Duration::from_secs(n)
    }

    fn vigil() -> Vigil {
        Vigil::new(timeouts(), second(0))
    }

    const KILL: fn(Cause) -> Verdict = Verdict::Kill;

    #[test]
    fn the_first_head_has_one_deadline_however_slowly_it_comes() {
        let mut vigil = vigil();
        for now in 1..10 {
            vigil.look(second(now), Seen { in_head: true, ..Seen::default() });
            assert_eq!(vigil.due(), Some((second(10), KILL(Cause::HeaderTimeout))));
        }
    }

    #[test]
    fn who_has_greeted_may_idle_before_the_first_request() {
        let mut vigil = vigil().greeted();
        vigil.look(second(3), Seen::default());
        assert_eq!(vigil.due(), Some((second(75), Verdict::Close(Cause::Idle))));
        vigil.look(second(20), Seen { in_head: true, ..Seen::default() });
        assert_eq!(vigil.due(), Some((second(30), KILL(Cause::HeaderTimeout))));
    }

    #[test]
    fn between_requests_it_may_idle_and_the_next_head_has_its_deadline() {
        let mut vigil = vigil();
        vigil.look(second(3), Seen { requests: 1, in_flight: 1, ..Seen::default() });
        assert_eq!(vigil.due(), Some((second(1_000), Verdict::Last)));
        vigil.look(second(200), Seen { requests: 1, ..Seen::default() });
        assert_eq!(vigil.due(), Some((second(275), Verdict::Close(Cause::Idle))));
        let begun = Seen { requests: 1, in_head: true, ..Seen::default() };
        vigil.look(second(250), begun);
        vigil.look(second(255), begun);
        assert_eq!(vigil.due(), Some((second(260), KILL(Cause::HeaderTimeout))));
        // Another one came and went: it is quiet from now on.
        vigil.look(second(259), Seen { requests: 2, ..Seen::default() });
        assert_eq!(vigil.due(), Some((second(334), Verdict::Close(Cause::Idle))));
    }

    #[test]
    fn who_does_not_read_is_ended_whatever_is_in_flight() {
        let mut vigil = vigil();
        let blocked = Seen { requests: 1, in_flight: 1, blocked: true, ..Seen::default() };
        vigil.look(second(1), blocked);
        vigil.look(second(30), Seen { written: 1, ..blocked });
        let (at, verdict) = vigil.due().unwrap();
        assert!(at > second(31) && at < second(32), "{at:?}");
        assert_eq!(verdict, KILL(Cause::SlowReader));
        vigil.look(second(31), Seen { blocked: false, written: 2, ..blocked });
        assert_eq!(vigil.due(), Some((second(1_000), Verdict::Last)));
    }

    #[test]
    fn what_should_close_and_does_not_is_cut_off() {
        let mut vigil = vigil();
        vigil.look(second(1), Seen { requests: 1, ..Seen::default() });
        vigil.closing(second(76));
        assert_eq!(vigil.due(), Some((second(106), KILL(Cause::Stuck))));
    }

    proptest! {
        #[test]
        fn jitter_is_a_tenth_either_way(random: u64) {
            let age = jittered(Duration::from_secs(1_000), random).as_secs();
            prop_assert!((900..=1_100).contains(&age));
        }

        /// A connection without a request under way always has an end.
        #[test]
        fn quiet_never_lasts(steps in prop::collection::vec((0_u64..100, 0_u64..3, any::<bool>(), any::<bool>()), 1..40)) {
            let mut vigil = vigil();
            let mut seen = Seen::default();
            let mut now = 0;
            for (pause, requests, in_head, closing) in steps {
                now += pause;
                seen.requests += requests;
                seen.in_head = in_head;
                if closing { vigil.closing(second(now)) }
                vigil.look(second(now), seen);
                let (at, _) = vigil.due().unwrap();
                prop_assert!(at <= second(now + 75));
            }
        }
    }
}
