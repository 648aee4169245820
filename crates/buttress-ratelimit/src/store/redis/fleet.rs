//! How many processes share the limits.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::Moment;
use buttress_core::sync::Lock;

/// After how much silence a process is gone: it would have been heard of three times.
pub(super) const SILENCE: Duration = Duration::from_secs(7);

/// The processes that share the limits, as far as that is known.
#[derive(Debug)]
pub(super) struct Fleet {
    processes: AtomicU32,
    /// When as many, or more, were heard of last.
    heard: Lock<Moment>,
}

impl Fleet {
    pub(super) fn of(processes: u32) -> Self {
        Self { processes: AtomicU32::new(processes.max(1)), heard: Lock::new(Moment::FIRST) }
    }

    /// How many there were when that was heard last.
    pub(super) fn processes(&self) -> u32 {
        self.processes.load(Relaxed)
    }

    /// Hears how many there are. That there are fewer is believed once none of the others could have been silent for so
    /// long: a server that has lost its data knows only those that were faster than the others to say that they are
    /// there.
    pub(super) fn heard(&self, processes: u32, now: Moment) {
        let processes = processes.max(1);
        let mut heard = self.heard.lock();
        if processes >= self.processes() || now - *heard >= SILENCE {
            self.processes.store(processes, Relaxed);
            *heard = now;
        }
    }
}

/// This process, as one of those that share a rule set: one, however many stores of it count there.
#[derive(Debug)]
pub(super) struct Member {
    process: Key,
    set: &'static str,
}

/// How many stores of a process there are in each rule set.
static STORES: Lock<BTreeMap<([u8; 16], &'static str), usize>> = Lock::new(BTreeMap::new());

impl Member {
    pub(super) fn join(process: Key, set: &'static str) -> Self {
        *STORES.lock().entry((process.to_bytes(), set)).or_default() += 1;
        Self { process, set }
    }

    pub(super) const fn process(&self) -> Key {
        self.process
    }

    /// A store goes; whether it is the last one, and the process goes with it.
    pub(super) fn leave(&self) -> bool {
        let mut stores = STORES.lock();
        let of = (self.process.to_bytes(), self.set);
        let left = stores.get(&of).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            stores.remove(&of);
        } else {
            stores.insert(of, left);
        }
        left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_leaves_with_its_last_store() {
        let (one, other) = (Key::from_bytes([1; 16]), Key::from_bytes([2; 16]));
        let stores = [(one, "front"), (one, "front"), (one, "back"), (other, "front")];
        let goes =
            stores.map(|(process, set)| Member::join(process, set)).map(|store| store.leave());
        assert_eq!(goes, [false, true, true, true]);
    }

    #[test]
    fn more_are_believed_at_once_and_fewer_after_a_silence() {
        let (fleet, at) = (Fleet::of(0), |seconds| Moment::FIRST + Duration::from_secs(seconds));
        assert_eq!(fleet.processes(), 1);
        for (second, heard, known) in [
            (10, 3, 3),
            (12, 4, 4),
            (14, 1, 4),
            (16, 2, 4),
            (18, 4, 4),
            (20, 3, 4),
            (24, 3, 4),
            (25, 3, 3),
            (27, 0, 3),
            (33, 0, 1),
        ] {
            fleet.heard(heard, at(second));
            assert_eq!(fleet.processes(), known, "after {second} seconds");
        }
    }
}
