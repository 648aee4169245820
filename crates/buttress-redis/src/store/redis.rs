use std::time::Duration;

use buttress_core::Key;

use super::{Counted, CounterStore, MemoryCounters, Window};
use crate::engine::{Answered, Asking, Fallback, Step};
use crate::{ErrorKind, RedisError, Reply, Script};

static COUNT: Script = Script::new("count", 1, include_str!("count.lua"));

/// Counters in Redis, which a fleet shares.
///
/// The time is the server's, so processes need not agree about it. A record is forgotten by the server when its
/// window is over.
#[derive(Clone, Debug)]
pub struct RedisCounters {
    fallback: Fallback,
    local: MemoryCounters,
}

impl RedisCounters {
    /// Counts there, and does what `fallback` says while that cannot be asked. `local` is only counted in if that is
    /// [`Local`](crate::engine::Degrade::Local).
    #[must_use]
    pub fn new(fallback: Fallback, local: MemoryCounters) -> Self {
        Self { fallback, local }
    }
}

impl CounterStore for RedisCounters {
    type Wait = Asking<Counted>;

    fn count(&self, key: Key, by: u64, window: Window) -> Step<Answered<Counted>, Self::Wait> {
        let local = self.local.clone();
        self.fallback.ask(
            move |redis| redis.run(&COUNT, key).arg(by.min(Counted::MOST)).arg(window.millis()),
            |reply| counted(&reply),
            move || local.count(key, by, window),
        )
    }
}

fn counted(reply: &Reply) -> Result<Counted, RedisError> {
    let [total, ends_in] = reply.integers()?.map(u64::try_from);
    let (Ok(total), Ok(ends_in)) = (total, ends_in) else {
        return Err(RedisError::new(ErrorKind::Protocol, "a count is never negative"));
    };
    Ok(Counted::new(total, Duration::from_millis(ends_in)))
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;

    #[test]
    fn an_answer_is_two_numbers_and_neither_is_negative() {
        let answer = |numbers: &[i64]| {
            let numbers = numbers.iter().map(|number| Value::Int(*number));
            counted(&Reply::new(Value::Array(numbers.collect())))
        };
        assert_eq!(answer(&[7, 250]).unwrap(), Counted::new(7, Duration::from_millis(250)));
        for wrong in [&[-1, 250][..], &[7, -1], &[7], &[7, 250, 1]] {
            assert_eq!(answer(wrong).unwrap_err().kind(), ErrorKind::Protocol, "{wrong:?}");
        }
    }
}
