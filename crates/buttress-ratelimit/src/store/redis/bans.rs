//! Bans of a fleet: what this process has imposed and lifted goes to the others, and theirs come here.

use std::sync::{Arc, Weak};
use std::time::Duration;

use buttress_core::Key;
use buttress_core::clock::{Moment, Timer, TokioTimer};
use buttress_redis::{Call, Ending, RedisError, Reply};

use super::redis_store::Handle;
use super::script::BANS;
use super::state::State;
use crate::SharedBans;
use crate::record::{Imposed, Told};

/// How often it tells and hears: so what one process does is known to the others within two of these, and what it takes
/// to ask twice.
const TICK: Duration = Duration::from_millis(250);
/// How much is told or heard at once.
const PAGE: usize = 128;
/// How often it asks in a row while there is more.
const ROUNDS: usize = 256;

/// Carries bans until the last handle is gone; then what was not told yet is told.
pub(super) async fn share(handle: Weak<Handle>, state: Arc<State>, bans: SharedBans) {
    let mut sharing = Sharing { state, bans, heard: 0, is_cut_off: false };
    while handle.strong_count() > 0 {
        sharing.exchange_all().await;
        TokioTimer.sleep(TICK).await;
    }
    sharing.exchange_all().await;
}

struct Sharing {
    state: Arc<State>,
    bans: SharedBans,
    /// The last change that was heard of.
    heard: u64,
    is_cut_off: bool,
}

impl Sharing {
    async fn exchange_all(&mut self) {
        for _ in 0..ROUNDS {
            match self.exchange().await {
                Ok(true) => {}
                Ok(false) => return self.note(None),
                Err(error) => return self.note(Some(&error)),
            }
        }
    }

    /// Tells what is new here, and hears what is new there; whether there is more.
    async fn exchange(&mut self) -> Result<bool, RedisError> {
        let news = self.bans.news(PAGE);
        let asked = self.bans.now();
        let endings = ["kept", "bans", "changes"].map(Ending::new);
        let call = self.state.redis.run_for(&BANS, self.state.tag, endings.into_iter());
        let call = call.arg(self.heard).arg(self.bans.most()).arg(PAGE);
        let tidings = news.iter().filter_map(|news| self.bans.tiding(news));
        let told = tidings.fold(call, |call, tiding| {
            let name = name(tiding.key, &tiding.policy);
            tell(call.arg(&name[..]), tiding.told, asked).arg(micros(tiding.until - asked))
        });
        let is_full = news.len() == PAGE;
        match told.send().await {
            Ok(reply) => self.hear(reply, asked).map(|more| more || is_full),
            Err(error) => {
                // Whatever became of it: to tell it twice changes nothing.
                self.bans.put_back(news);
                Err(error)
            }
        }
    }

    /// Hears what was answered; whether there is more. What makes no sense is passed over.
    fn hear(&mut self, reply: Reply, asked: Moment) -> Result<bool, RedisError> {
        let now = self.bans.now();
        let mut parts = reply.into_list()?.into_iter();
        let mut number = || parts.next().map_or(Ok(0), |part| part.integer());
        let (heard, more) = (number()?, number()?);
        self.heard = u64::try_from(heard).unwrap_or(0);
        for part in parts.take(PAGE) {
            let Some((name, told)) = read(part, asked, now) else { continue };
            if let Some((key, policy)) = parse(&name) {
                self.bans.hear(policy, key, told);
            }
        }
        Ok(more == 1)
    }

    /// Tells once that bans stay here for a while, and once that they no longer do.
    fn note(&mut self, error: Option<&RedisError>) {
        if self.is_cut_off == error.is_some() {
            return;
        }
        self.is_cut_off = error.is_some();
        if let Some(error) = error {
            tracing::warn!(
                target: "buttress",
                %error,
                "bans are those of this process alone, as the store cannot be asked"
            );
        } else {
            tracing::info!(target: "buttress", "bans are shared again");
        }
    }
}

/// Its numbers: how long ago, how long, the how manieth, and how long until the quota has room.
fn tell(call: Call<'_>, told: Told, asked: Moment) -> Call<'_> {
    match told {
        Told::Banned(Imposed { began, length, steps, room_at }) => {
            let call = call.arg(micros(asked - began)).arg(micros(length)).arg(steps);
            call.arg(micros(room_at - asked))
        }
        Told::Lifted { at } => call.arg(micros(asked - at)).arg(0_u64).arg(0_u32).arg(0_u64),
    }
}

/// A name, and what is said of it. It was decided at some time between asking and hearing: a ban began at the first of
/// them, so that nobody waits longer than was said, and it was lifted at the last, so that it is over everywhere. There is
/// room at the last, too, so that nobody comes too early.
fn read(part: Reply, asked: Moment, now: Moment) -> Option<(Vec<u8>, Told)> {
    let parts: [Reply; 6] = part.into_list().ok()?.try_into().ok()?;
    let [name, numbers @ ..] = parts;
    let [began, length, steps, lifted, room] = numbers.map(|number| number.integer());
    let (began, length, steps, lifted) = (began.ok()?, length.ok()?, steps.ok()?, lifted.ok()?);
    let told = match time(lifted) {
        Some(ago) => Told::Lifted { at: now - ago },
        None if length > 0 => Told::Banned(Imposed {
            began: asked - time(began)?,
            length: time(length)?,
            steps: u32::try_from(steps).unwrap_or(u32::MAX),
            room_at: now + time(room.ok()?)?,
        }),
        None => return None,
    };
    Some((name.bytes().ok()?.to_vec(), told))
}

fn time(micros: i64) -> Option<Duration> {
    u64::try_from(micros).ok().map(Duration::from_micros)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min(FARTHEST)
}

/// Of no use to anybody, and a whole number in all of the places that it comes through.
const FARTHEST: u64 = 1 << 52;

/// Key and policy, as a name.
fn name(key: Key, policy: &str) -> Vec<u8> {
    [&key.to_hex()[..], b":", policy.as_bytes()].concat()
}

fn parse(name: &[u8]) -> Option<(Key, &str)> {
    let (key, rest) = name.split_at_checked(32)?;
    let policy = str::from_utf8(rest.strip_prefix(b":")?).ok()?;
    Some((Key::parse(key)?, policy))
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_is_read_as_it_was_written(bytes in any::<[u8; 16]>(), policy in "[a-zA-Z0-9._-]{1,64}") {
            let key = Key::from_bytes(bytes);
            let name = name(key, &policy);
            prop_assert_eq!(parse(&name), Some((key, &policy[..])));
        }

        #[test]
        fn no_name_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some((key, policy)) = parse(&bytes) {
                prop_assert_eq!(name(key, policy), bytes);
            }
        }
    }
}
