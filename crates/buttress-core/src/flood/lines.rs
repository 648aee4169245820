//! Of each kind of line the first few a second, and how many were left out.

use std::time::Duration;

use super::tally::{self, Taken, Tally};
use crate::clock::Moment;
use crate::sync::parts::OnceLock;

const SECOND: Duration = Duration::from_secs(1);

/// How many names are told apart. A program has tens of them; what is beyond shares one count.
const NAMES: u8 = 128;

/// Lets the first few lines of each name through, every second.
pub(crate) struct Lines {
    most: u32,
    names: Box<[Slot]>,
    others: Tally,
}

struct Slot {
    name: OnceLock<&'static str>,
    tally: Tally,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Line {
    /// It is told; before it, how many were not.
    Told { left_out: u32 },
    /// It is one too many, of a second that is over at `until`.
    LeftOut { until: Moment },
}

/// How those are named together for which there was no place of their own.
const OTHERS: &str = "others";

impl Lines {
    pub(crate) fn new(most: u32) -> Self {
        Self::with_room(NAMES, most)
    }

    fn with_room(names: u8, most: u32) -> Self {
        let names = (0..names).map(|_| Slot { name: OnceLock::new(), tally: Tally::default() });
        Self { most, names: names.collect(), others: Tally::default() }
    }

    /// Decides about a line of this name: that of a code, or of an action.
    pub(crate) fn admit(&self, name: &'static str, now: Moment) -> Line {
        let counted = self.tally(name).count(tally::window(now, SECOND));
        if counted.before >= self.most {
            return Line::LeftOut { until: tally::end(now, SECOND) };
        }
        Line::Told { left_out: counted.last.saturating_sub(self.most) }
    }

    /// Takes what was left out in seconds that are over, and says how many of each name. What remains can be
    /// taken at the moment that is given back.
    #[must_use = "nobody else knows of what remains"]
    pub(crate) fn take(
        &self,
        now: Moment,
        mut tell: impl FnMut(&'static str, u32),
    ) -> Option<Moment> {
        let window = tally::window(now, SECOND);
        let mut remains = false;
        for (name, tally) in self.named() {
            match tally.take(window, self.most) {
                Taken::All(count) => tell(name, count - self.most),
                Taken::Nothing => {}
                Taken::Later => remains = true,
            }
        }
        remains.then(|| tally::end(now, SECOND))
    }

    /// The same of all that was left out, also of the present second.
    pub(crate) fn take_all(&mut self, mut tell: impl FnMut(&'static str, u32)) {
        for (name, tally) in self.named() {
            let left_out = tally.last().saturating_sub(self.most);
            if left_out > 0 {
                tell(name, left_out);
            }
        }
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        let named = self.names.iter().filter_map(|slot| Some((*slot.name.get()?, &slot.tally)));
        named.chain([(OTHERS, &self.others)])
    }

    /// Names are constants of a program, so nobody outside can fill the table.
    fn tally(&self, name: &'static str) -> &Tally {
        let start = hash(name) % self.names.len();
        let mut slots = self.names[start..].iter().chain(&self.names[..start]);
        let own = slots.find(|slot| *slot.name.get_or_init(|| name) == name);
        own.map_or(&self.others, |slot| &slot.tally)
    }
}

/// The last byte of FNV-1a.
fn hash(name: &str) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::from(hash.to_le_bytes()[0])
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
        let left_out = Line::LeftOut { until: at(1_000) };
        assert_eq!([2, 999].map(|now| lines.admit(GONE, at(now))), [left_out; 2]);
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
            Line::LeftOut { .. } => [told, left_out],
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
    fn what_is_left_out_can_be_taken_once_its_second_is_over() {
        let (mut lines, at) =
            (Lines::new(1), |millis| Moment::FIRST + Duration::from_millis(millis));
        let take = |lines: &Lines, now| {
            let mut told = Vec::new();
            (lines.take(at(now), |name, left_out| told.push((name, left_out))), told)
        };
        for (name, now) in [(GONE, 0), (GONE, 1), (GONE, 2), (CONFLICT, 3), (CONFLICT, 1_000)] {
            lines.admit(name, at(now));
        }
        assert_eq!(take(&lines, 999), (Some(at(1_000)), vec![]));
        assert_eq!(take(&lines, 1_000), (None, vec![(GONE, 2)]));
        assert_eq!(take(&lines, 2_000), (None, vec![]), "told once");

        lines.admit(CONFLICT, at(1_001));
        let mut rest = Vec::new();
        lines.take_all(|name, left_out| rest.push((name, left_out)));
        assert_eq!(rest, [(CONFLICT, 1)]);
    }

    #[test]
    fn names_beyond_the_table_share_a_count() {
        let lines = Lines::with_room(1, 1);
        let told = Line::Told { left_out: 0 };
        assert_eq!(["full", GONE].map(|name| lines.admit(name, Moment::FIRST)), [told; 2]);
        assert_ne!(lines.admit(CONFLICT, Moment::FIRST), told);
        let next = Moment::FIRST + SECOND;
        let mut others = Vec::new();
        assert_eq!(lines.take(next, |name, left_out| others.push((name, left_out))), None);
        assert_eq!(others, [(OTHERS, 1)]);
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
        Arc::new(Lines::with_room(1, 1))
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
            let next = Moment::FIRST + SECOND;
            assert!(two.contains(&Line::Told { left_out: 0 }));
            assert!(two.contains(&Line::LeftOut { until: next }));
            let next = lines.admit(GONE, next);
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
