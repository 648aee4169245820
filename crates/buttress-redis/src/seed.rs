use buttress_core::key::{Key, KeySeed};

use crate::{ErrorKind, Redis, RedisError, Reply, Script};

/// The seed that keys are made with, if nobody says otherwise.
pub(crate) const KEYS: &str = "keys";

static SEED: Script = Script::new("seed", 1, include_str!("seed.lua"));

/// What all processes of a fleet make their keys with.
impl Redis {
    /// The seed of this name that the fleet shares: the first call draws it, in one atomic operation, and all get the
    /// same one.
    ///
    /// Ask at the start, once, when it [is connected](Self::connected). It is safe to ask again after any error. There
    /// is one for each [prefix](crate::RedisBuilder::prefix).
    ///
    /// Anyone who may read that server has it, and may find out by trying what is behind a key. And it lasts as long as
    /// the server's data: one without persistence draws another when it is restarted, a failover in the second of its
    /// making may lose it, and then processes disagree until they are restarted. Where that matters, put the seed into
    /// the settings.
    ///
    /// ```
    /// # use buttress_redis::{Redis, RedisError};
    /// use buttress_core::Keyer;
    ///
    /// # async fn start(redis: &Redis) -> Result<(), RedisError> {
    /// let keyer = Keyer::from(redis.seed("keys").await?);
    /// let (limits, sessions) = (keyer.scoped("limits"), keyer.scoped("sessions"));
    /// assert_ne!(limits.key_of(["ada"]), sessions.key_of(["ada"]));
    /// # Ok(())
    /// # }
    /// # // Nobody listens there.
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// #     let redis = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    /// #     assert!(start(&redis).await.is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. It is [`Protocol`](ErrorKind::Protocol) if what stands there is no seed.
    pub async fn seed(&self, name: &'static str) -> Result<KeySeed, RedisError> {
        let drawn = Key::from_bytes(*KeySeed::random().expose()).to_hex();
        let reply = self.run(&SEED, name).arg(&drawn[..]).send().await;
        let seed = reply.and_then(|reply| read(&reply));
        if name == KEYS {
            match &seed {
                Ok(seed) => _ = self.seed_of_keys().set(seed.clone()),
                Err(error) => {
                    let is_final = matches!(error.kind(), ErrorKind::Refused | ErrorKind::Protocol);
                    self.refuse_seed(is_final);
                }
            }
        }
        seed
    }

    /// The [seed](Self::seed) `keys`, if this handle has been told it. [`connect`](Self::connect) asks for it, so that
    /// stores whose keys a fleet shares need not be given one. A handle that is lazy does not know it until somebody has
    /// asked.
    #[must_use]
    pub fn known_seed(&self) -> Option<KeySeed> {
        self.seed_of_keys().get().cloned()
    }

    /// Whether the server did not give the seed `keys` when it was asked last, though there was a connection: the user
    /// may not have it, or what stands there is none. To wait for it is in vain then, unless somebody mends that.
    #[must_use]
    pub fn is_seed_refused(&self) -> bool {
        self.known_seed().is_none() && self.was_seed_refused()
    }
}

fn read(reply: &Reply) -> Result<KeySeed, RedisError> {
    // The error repeats nothing of what stands there.
    let none = || RedisError::new(ErrorKind::Protocol, "what stands there is no seed of version 1");
    let text = str::from_utf8(reply.bytes()?).map_err(|_| none())?;
    text.strip_prefix("1 ").and_then(|digits| digits.parse().ok()).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redis::Value;

    use super::*;

    fn record(bytes: &[u8]) -> Result<KeySeed, RedisError> {
        read(&Reply::new(Value::BulkString(bytes.to_vec())))
    }

    proptest! {
        #[test]
        fn what_was_kept_is_read(seed: [u8; 16]) {
            prop_assume!(seed.iter().any(|byte| *byte != seed[0]));
            let digits = Key::from_bytes(seed).to_hex();
            prop_assert_eq!(record(&[b"1 ", &digits[..]].concat()).unwrap(), KeySeed::from_bytes(seed));
        }

        #[test]
        fn anything_else_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(record(&bytes).unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}
