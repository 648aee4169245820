use std::time::Duration;

use buttress_core::clock::Moment;

use crate::parts::atomic::{AtomicU32, AtomicU64, Ordering};

/// How long one window lasts, in nanoseconds, and how many are kept: the last minute.
const WINDOW: u64 = 10_000_000_000;
const WINDOWS: usize = 6;

/// Four buckets for each power of two of a microsecond: a value is off by a fifth at the worst.
const BUCKETS: usize = if cfg!(all(test, buttress_loom)) { 2 } else { 128 };

/// Counts what passes and how long it took: a fixed table of atomics, without a lock.
///
/// Which window is used next is settled by one exchange; who comes in the middle of that may be lost, or
/// counted in the window that went. Who reads meanwhile leaves that window out, or what passed a minute ago
/// would be read as new. These are figures to look at, not to charge for.
#[derive(Debug)]
pub(crate) struct Traffic {
    windows: [Window; WINDOWS],
    since: Moment,
}

/// In place of a window's number, while it is emptied: later than any.
const TURNING: u64 = u64::MAX;

#[derive(Debug)]
struct Window {
    /// Which one it is, counted from the start of time, plus one; zero for none, [`TURNING`] in between.
    number: AtomicU64,
    buckets: [AtomicU32; BUCKETS],
}

/// What passed in the last minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flow {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
    pub(crate) window: Duration,
}

impl Traffic {
    pub(crate) fn new(now: Moment) -> Self {
        let window = |_| Window {
            number: AtomicU64::new(0),
            buckets: std::array::from_fn(|_| AtomicU32::new(0)),
        };
        Self { windows: std::array::from_fn(window), since: now }
    }

    pub(crate) fn record(&self, now: Moment, took: Duration) {
        let number = now.as_nanos() / WINDOW + 1;
        let window = &self.windows[slot(number)];
        window.turn_to(number);
        window.buckets[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn flow(&self, now: Moment) -> Flow {
        let number = now.as_nanos() / WINDOW + 1;
        let mut counts = [0_u64; BUCKETS];
        for window in &self.windows {
            let of = window.number.load(Ordering::Acquire);
            if of == 0 || of > number || number - of >= WINDOWS as u64 {
                continue;
            }
            for (count, bucket) in counts.iter_mut().zip(&window.buckets) {
                *count += u64::from(bucket.load(Ordering::Relaxed));
            }
        }
        let window = covered(now, self.since);
        let total: u64 = counts.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
        let per_second = total as f64 / window.as_secs_f64().max(1.0);
        let at = |share| quantile(&counts, total, share);
        Flow { per_second, p50: at(50), p95: at(95), p99: at(99), window }
    }
}

impl Window {
    /// Makes this the window with that number, emptied by whoever comes first.
    fn turn_to(&self, number: u64) {
        let old = self.number.load(Ordering::Acquire);
        if old >= number {
            return;
        }
        let turns = self.number.compare_exchange(old, TURNING, Ordering::AcqRel, Ordering::Acquire);
        if turns.is_ok() {
            self.buckets.iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
            self.number.store(number, Ordering::Release);
        }
    }
}

fn slot(number: u64) -> usize {
    usize::try_from(number % WINDOWS as u64).unwrap_or_default()
}

/// From the start of the oldest window that counts, or from the start of the service.
fn covered(now: Moment, since: Moment) -> Duration {
    let oldest = (now.as_nanos() / WINDOW).saturating_sub(WINDOWS as u64 - 1) * WINDOW;
    now - Moment::from_nanos(oldest).max(since)
}

fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // Below four each value has its own; from there on the two bits below the highest one choose.
    if micros < 4 {
        return usize::try_from(micros).unwrap_or_default();
    }
    let high = micros.ilog2();
    let quarter = (micros >> (high - 2)) & 3;
    let at = u64::from(high - 1) * 4 + quarter;
    usize::try_from(at).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The greatest time that falls into this bucket.
fn upper(bucket: usize) -> Duration {
    let at = bucket as u64;
    if at < 4 {
        return Duration::from_micros(at);
    }
    let (high, quarter) = (at / 4 + 1, at % 4);
    Duration::from_micros(((5 + quarter) << (high - 2)) - 1)
}

fn quantile(counts: &[u64; BUCKETS], total: u64, share: u64) -> Duration {
    let rank = (total * share).div_ceil(100);
    let mut below = 0;
    for (at, count) in counts.iter().enumerate() {
        below += count;
        if below >= rank && below > 0 {
            return upper(at);
        }
    }
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_falls_into_the_bucket_around_it(micros in 0_u64..1 << 33) {
            let at = bucket(Duration::from_micros(micros));
            prop_assert!(upper(at) >= Duration::from_micros(micros) || at == BUCKETS - 1);
            if at > 0 {
                prop_assert!(upper(at - 1) < Duration::from_micros(micros));
            }
            // Off by a quarter of the value at the worst.
            if at < BUCKETS - 1 {
                prop_assert!(upper(at).as_micros() <= u128::from(micros) * 5 / 4);
            }
        }

        #[test]
        fn quantiles_are_those_of_the_sorted_values(mut values in prop::collection::vec(0_u64..1 << 30, 1..200)) {
            let now = Moment::from_nanos(WINDOW * 9);
            let traffic = Traffic::new(now - Duration::from_secs(60));
            for value in &values {
                traffic.record(now, Duration::from_micros(*value));
            }
            values.sort_unstable();
            let flow = traffic.flow(now);
            for (share, found) in [(50, flow.p50), (95, flow.p95), (99, flow.p99)] {
                let exact = values[(values.len() * share).div_ceil(100) - 1];
                prop_assert_eq!(found, upper(bucket(Duration::from_micros(exact))));
            }
        }

        #[test]
        fn no_time_and_no_value_breaks_it(steps in prop::collection::vec((any::<u64>(), any::<u64>()), 0..50)) {
            let traffic = Traffic::new(Moment::FIRST);
            for (now, took) in steps {
                let now = Moment::from_nanos(now);
                traffic.record(now, Duration::from_nanos(took));
                prop_assert!(traffic.flow(now).per_second >= 0.0);
            }
        }
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let start = Moment::from_nanos(WINDOW * 100);
        let traffic = Traffic::new(start);
        (0..600).for_each(|_| traffic.record(start, Duration::from_millis(2)));

        let flow = traffic.flow(start + Duration::from_secs(10));
        assert_eq!(flow.window, Duration::from_secs(10));
        assert!((flow.per_second - 60.0).abs() < 0.01, "{flow:?}");
        let flow = traffic.flow(start + Duration::from_secs(60));
        assert_eq!((flow.per_second, flow.p95), (0.0, Duration::ZERO));
    }
}

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::sync::Arc;

    use buttress_testkit::models::{explore, thread};

    use super::*;

    /// What is read while a window is turned is never what passed a minute ago.
    #[test]
    fn what_went_is_not_read_as_new() {
        explore(|| {
            let (old, new) = (Moment::FIRST, Moment::from_nanos(WINDOW * WINDOWS as u64));
            let traffic = Arc::new(Traffic::new(old));
            (0..3).for_each(|_| traffic.record(old, Duration::ZERO));
            let reading = thread::spawn({
                let traffic = traffic.clone();
                move || traffic.flow(new)
            });
            traffic.record(new, Duration::ZERO);
            let flow = reading.join().unwrap();
            let passed = flow.per_second * flow.window.as_secs_f64();
            assert!(passed < 1.5, "{passed} passed");
        });
    }
}
