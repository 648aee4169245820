//! What is done against floods: of the same line in the log, and of refusals to one client.

mod tally;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use self::tally::Tally;
use crate::address::Network;
use crate::clock::Moment;
use crate::sync::parts::atomic::{AtomicU64, Ordering};

const SECOND: Duration = Duration::from_secs(1);

/// How many names are told apart. A program has tens of them; what is beyond shares one count.
const NAMES: u8 = 128;

/// Lets the first few lines of each name through, every second.
pub(crate) struct Lines {
    most: u32,
    names: Box<[Slot]>,
    others: Tally,
}

#[derive(Default)]
struct Slot {
    /// A hash of the name; zero for nobody's.
    key: AtomicU64,
    tally: Tally,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Line {
    /// It is told; before it, how many were not.
    Told { left_out: u32 },
    /// It is one too many.
    LeftOut,
}

impl Lines {
    pub(crate) fn new(most: u32) -> Self {
        let names = (0..NAMES).map(|_| Slot::default()).collect();
        Self { most, names, others: Tally::default() }
    }

    /// Decides about a line of this name: that of a code, or of an action.
    pub(crate) fn admit(&self, name: &'static str, now: Moment) -> Line {
        let counted = self.tally(name).count(tally::window(now, SECOND));
        if counted.before >= self.most {
            return Line::LeftOut;
        }
        Line::Told { left_out: counted.last.saturating_sub(self.most) }
    }

    /// Names are constants of a program, so nobody outside can fill the table.
    fn tally(&self, name: &str) -> &Tally {
        let key = hash(name);
        let start = usize::from(key.to_le_bytes()[0]) % self.names.len();
        for slot in self.names[start..].iter().chain(&self.names[..start]) {
            let taken = slot.key.compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() || taken == Err(key) {
                return &slot.tally;
            }
        }
        &self.others
    }
}

/// FNV-1a, and never zero.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}

/// How many clients are told apart at once.
const CLIENTS: u16 = 4_096;

/// Finds the clients that are refused again and again.
///
/// A table of fixed size, 32 KiB. Clients that fall into the same place count together: so a flood is always
/// found, and one client in 4,096 has a neighbour's flood on its account, which costs it the details of its
/// refusals. The hash has a random key, so nobody outside can choose a neighbour.
pub(crate) struct Clients {
    most: u32,
    window: Duration,
    hasher: RandomState,
    places: Box<[Tally]>,
}

impl Clients {
    pub(crate) fn new(most: u32, window: Duration) -> Self {
        let places = (0..CLIENTS).map(|_| Tally::default()).collect();
        Self { most, window, hasher: RandomState::new(), places }
    }

    /// Counts a refusal, and says whether this client had enough of them in this window.
    pub(crate) fn is_flooded(&self, client: Network, now: Moment) -> bool {
        let [low, high, ..] = self.hasher.hash_one(client).to_le_bytes();
        let place = u16::from_le_bytes([low, high]) % CLIENTS;
        self.places[usize::from(place)].count(tally::window(now, self.window)).before >= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: &str = "GONE";
    const CONFLICT: &str = "CONFLICT";

    #[test]
    fn the_first_lines_of_a_second_are_told_and_the_rest_counted() {
        let (lines, at) = (Lines::new(2), |millis| Moment::FIRST + Duration::from_millis(millis));
        let told = Line::Told { left_out: 0 };
        assert_eq!([0, 1].map(|now| lines.admit(GONE, at(now))), [told; 2]);
        assert_eq!([2, 999].map(|now| lines.admit(GONE, at(now))), [Line::LeftOut; 2]);
        assert_eq!(lines.admit(CONFLICT, at(999)), told, "another name");
        assert_eq!(lines.admit(GONE, at(60_000)), Line::Told { left_out: 2 });
        assert_eq!(lines.admit(GONE, at(60_001)), told);
    }

    /// However threads and seconds race, each line is told or counted as left out, and few are told.
    #[test]
    fn threads_lose_no_line() {
        const EACH: u32 = 20_000;
        const SECONDS: u32 = 20;
        let lines = Lines::new(3);
        let sum = |[told, left_out]: [u32; 2], line| match line {
            Line::Told { left_out: more } => [told + 1, left_out + more],
            Line::LeftOut => [told, left_out],
        };
        let hammer = || {
            let second = |at: u32| Moment::FIRST + SECOND * (at / (EACH / SECONDS));
            (0..EACH).map(|at| lines.admit(GONE, second(at))).fold([0; 2], sum)
        };
        let all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(hammer)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let last = lines.admit(GONE, Moment::FIRST + SECOND * SECONDS);
        let start = sum([0; 2], last);
        let [told, left_out] =
            all.iter().fold(start, |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
        assert_eq!(told + left_out, 4 * EACH + 1);
        assert_eq!(told, 3 * SECONDS + 1);
    }

    #[test]
    fn names_beyond_the_table_share_a_count() {
        let lines = Lines::new(1);
        for slot in &lines.names[1..] {
            slot.key.store(7, Ordering::Relaxed);
        }
        lines.names[0].key.store(8, Ordering::Relaxed);
        assert_eq!(lines.admit(GONE, Moment::FIRST), Line::Told { left_out: 0 });
        assert_eq!(lines.admit(CONFLICT, Moment::FIRST), Line::LeftOut);
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::sync::Arc;

    use buttress_testkit::models::{explore, thread};

    use super::*;

    const GONE: &str = "GONE";
    const CONFLICT: &str = "CONFLICT";

    /// One line a second, and room for one name.
    fn crowded() -> Arc<Lines> {
        Arc::new(Lines { most: 1, names: [Slot::default()].into(), others: Tally::default() })
    }

    fn both(
        one: impl FnOnce() -> Line + Send + 'static,
        other: impl FnOnce() -> Line,
    ) -> [Line; 2] {
        let one = thread::spawn(one);
        let other = other();
        [one.join().unwrap(), other]
    }

    #[test]
    fn a_line_is_told_once() {
        explore(|| {
            let lines = crowded();
            let again = lines.clone();
            let two =
                both(move || again.admit(GONE, Moment::FIRST), || lines.admit(GONE, Moment::FIRST));
            assert!(two.contains(&Line::Told { left_out: 0 }) && two.contains(&Line::LeftOut));
            let next = lines.admit(GONE, Moment::FIRST + SECOND);
            assert_eq!(next, Line::Told { left_out: 1 });
        });
    }

    /// A name that is there first does not have its lines taken by one that came at the same time.
    #[test]
    fn a_place_is_taken_by_one_name() {
        explore(|| {
            let lines = crowded();
            let again = lines.clone();
            let two = both(
                move || again.admit(GONE, Moment::FIRST),
                || lines.admit(CONFLICT, Moment::FIRST),
            );
            assert_eq!(two, [Line::Told { left_out: 0 }; 2]);
        });
    }
}
