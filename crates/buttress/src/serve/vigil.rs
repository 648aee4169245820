use std::time::Duration;

use buttress_core::clock::Moment;

use super::cause::Cause;
use super::limits::Timeouts;
use super::lingering::Lingering;
use super::pace::Patience;

/// What can be seen of a connection from outside of the HTTP library.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Requests that have begun, ever.
    pub(super) requests: u64,
    /// Requests whose answers have not ended.
    pub(super) in_flight: usize,
    /// Those of them that are all with the library, which is to send them.
    pub(super) trailing: usize,
    /// Bytes of answers that were taken, ever.
    pub(super) taken: u64,
    /// The head of a request has begun to arrive.
    pub(super) in_head: bool,
    /// The peer does not take what is written.
    pub(super) blocked: bool,
    /// Bytes written, ever.
    pub(super) written: u64,
    /// The last answer is sent, and so many bytes that came since were thrown away.
    pub(super) lingering: Option<u64>,
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

/// So long a connection on which nothing is under way has to close when the server does. A request that the client has
/// sent before it heard of that arrives in less.
const FAREWELL: Duration = Duration::from_secs(1);

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
    /// Since when the server closes.
    parting: Option<Moment>,
    /// Asks for more, long after it was told that there is no more.
    defies: Option<Moment>,
    aged: bool,
    greeted: bool,
    reader: Patience,
    written: u64,
    /// Nothing but answers that trail is waited for.
    taker: Patience,
    taken: u64,
    lingering: Option<Lingering>,
}

impl Vigil {
    pub(super) fn new(timeouts: Timeouts, opened: Moment) -> Self {
        let reader = Patience::new(timeouts.stall, timeouts.rate);
        Self {
            timeouts,
            opened,
            requests: 0,
            quiet: Some(opened),
            head: None,
            closing: None,
            parting: None,
            defies: None,
            aged: false,
            greeted: false,
            taker: reader.clone(),
            reader,
            written: 0,
            taken: 0,
            lingering: None,
        }
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
        self.take(now, seen);
        if let Some(thrown) = seen.lingering {
            self.lingering.get_or_insert(Lingering::new(now, thrown)).look(now, thrown);
        }
        // Requests may come and go between two looks.
        if seen.requests > self.requests {
            let stall = self.timeouts.stall;
            if self.closing.is_some_and(|closing| closing + stall <= now) {
                self.defies.get_or_insert(now);
            }
            (self.requests, self.quiet, self.head) = (seen.requests, None, None);
        }
        if seen.in_flight > 0 {
            (self.quiet, self.head) = (None, None);
            return;
        }
        self.quiet.get_or_insert(now);
        self.head = seen.in_head.then(|| self.head.unwrap_or(now));
    }

    fn take(&mut self, now: Moment, seen: Seen) {
        if seen.in_flight > 0 && seen.trailing == seen.in_flight {
            self.taker.moved(now, seen.taken - self.taken);
            self.taker.waits(now);
        } else if self.taker.end().is_some() {
            self.taker = Patience::new(self.timeouts.stall, self.timeouts.rate);
        }
        self.taken = seen.taken;
    }

    /// The connection was told to end once nothing is under way.
    pub(super) fn closing(&mut self, now: Moment) {
        self.closing.get_or_insert(now);
    }

    /// The server closes, and does not wait long for who has nothing under way. Says whether that is news.
    pub(super) fn parts(&mut self, now: Moment) -> bool {
        let news = self.parting.is_none();
        self.parting.get_or_insert(now);
        news
    }

    /// What is to be done, and when, if nothing happens meanwhile.
    pub(super) fn due(&self) -> Due {
        if let Some(defied) = self.defies {
            return Some((defied, Verdict::Kill(Cause::Stuck)));
        }
        // All that could be done for it is done.
        if let Some(lingering) = &self.lingering {
            let end = lingering.end(self.timeouts.linger, self.parting.is_some());
            return Some((end, Verdict::Kill(Cause::Linger)));
        }
        let reader = self.reader.end().map(|end| (end, Verdict::Kill(Cause::SlowReader)));
        let quiet = self.quiet.map(|quiet| self.quiet(quiet));
        let age = self.timeouts.age.filter(|_| !self.aged && self.closing.is_none());
        let age = age.map(|age| (self.opened + age, Verdict::Last));
        let taker = self.taker.end().map(|end| self.taker(end));
        sooner(sooner(reader, taker), sooner(quiet, age))
    }

    /// Its age was noted.
    pub(super) fn aged(&mut self) {
        self.aged = true;
    }

    /// No stream is left that could be reset instead.
    fn taker(&self, end: Moment) -> (Moment, Verdict) {
        match self.closing {
            None => (end, Verdict::Close(Cause::SlowReader)),
            Some(closing) => {
                (end.max(closing + self.timeouts.stall), Verdict::Kill(Cause::SlowReader))
            }
        }
    }

    fn quiet(&self, quiet: Moment) -> (Moment, Verdict) {
        let Timeouts { header, idle, stall, .. } = self.timeouts;
        let first = self.requests == 0 && !self.greeted;
        let begun = if first { Some(self.opened) } else { self.head };
        let next = match begun {
            Some(begun) => (begun + header, Verdict::Kill(Cause::HeaderTimeout)),
            None => (quiet + idle, Verdict::Close(Cause::Idle)),
        };
        let Some(closing) = self.closing else { return next };
        let stuck = (closing.max(quiet) + stall, Verdict::Kill(Cause::Stuck));
        match self.parting {
            // Half a head is no silence.
            _ if begun.is_some() => {
                if next.0 < stuck.0 {
                    next
                } else {
                    stuck
                }
            }
            // Nor is what the peer has not taken yet.
            Some(parting) if self.reader.end().is_none() => {
                let farewell = parting.max(quiet) + FAREWELL;
                (farewell.min(stuck.0), stuck.1)
            }
            _ => stuck,
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
mod tests;
