//! Many who call, each at its own pace.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Clock, SystemClock};
use buttress_redis::Redis;
use buttress_testkit::until::DEADLINE;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::chance::Chance;
use super::ledger::{Heard, Ledger};
use super::{RAN, TIMEOUT, pause};

/// So many keys there are: enough that each server of a fleet has some.
pub(crate) const KEYS: u8 = 8;

pub(crate) fn key(number: u8) -> Key {
    Key::from_bytes([number; 16])
}

pub(crate) struct Crowd {
    callers: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

impl Crowd {
    pub(crate) fn of(callers: u64, redis: &Redis, ledger: &Arc<Ledger>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let calls = (0..callers).map(|caller| {
            let (redis, ledger, stop) = (redis.clone(), ledger.clone(), stop.clone());
            let mut chance = Chance::new(seed ^ (caller << 32));
            async move {
                while !stop.load(Relaxed) {
                    let how = How::any(&mut chance);
                    ledger.call(&redis, how).await;
                    pause(chance.millis(5..60)).await;
                }
            }
        });
        let mut callers: JoinSet<_> = calls.collect();
        callers.spawn(tick(ledger.clone(), stop.clone()));
        Self { callers, stop }
    }

    /// Lets them stop. None of them hangs.
    pub(crate) async fn settle(self) {
        self.stop.store(true, Relaxed);
        let all = timeout(DEADLINE, self.callers.join_all()).await;
        assert!(all.is_ok(), "a caller hangs");
    }
}

/// Notes when the machine is so busy that even this is late.
async fn tick(ledger: Arc<Ledger>, stop: Arc<AtomicBool>) {
    const TICK: Duration = Duration::from_millis(10);
    while !stop.load(Relaxed) {
        let due = SystemClock.now() + TICK;
        pause(TICK).await;
        if SystemClock.now() - due > TICK {
            ledger.stall(due);
        }
    }
}

/// All at once, each once.
pub(crate) async fn rush(callers: u64, redis: &Redis, ledger: &Arc<Ledger>) {
    let calls = (0..callers).map(|caller| {
        let (redis, ledger) = (redis.clone(), ledger.clone());
        let key = u8::try_from(caller % u64::from(KEYS)).unwrap();
        async move {
            ledger.call(&redis, How { key, within: TIMEOUT, stays: None }).await;
        }
    });
    let all = timeout(DEADLINE, calls.collect::<JoinSet<_>>().join_all()).await;
    assert!(all.is_ok(), "a call hangs");
}

/// How a call is made.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) key: u8,
    pub(crate) within: Duration,
    /// The caller goes away after so long, if it has no answer then.
    pub(crate) stays: Option<Duration>,
}

impl How {
    fn any(chance: &mut Chance) -> Self {
        let key = u8::try_from(chance.number(0..KEYS.into())).unwrap();
        let within = if chance.one_in(4) { chance.millis(1..250) } else { TIMEOUT };
        let stays = chance.one_in(8).then(|| chance.millis(0..50));
        Self { key, within, stays }
    }
}

impl Ledger {
    /// Calls, looks at the answer and at the time it took, and notes what was heard.
    pub(crate) async fn call(&self, redis: &Redis, how: How) -> Heard {
        let (number, began) = (self.number(), SystemClock.now());
        let call = redis.run(&RAN, key(how.key)).arg(number).within(how.within).send();
        let heard = match timeout(how.stays.unwrap_or(DEADLINE), call).await {
            Ok(Ok(reply)) => {
                if reply.integer().ok() != Some(number.cast_signed()) {
                    self.wrong(format!("call {number} was answered {reply:?}"));
                }
                Heard::Done
            }
            Ok(Err(error)) if error.may_have_run() => Heard::Unsure,
            Ok(Err(_)) => Heard::Not,
            Err(_) => Heard::Unsure,
        };
        self.ended(number, began, how.within);
        self.note(number, heard);
        heard
    }
}
