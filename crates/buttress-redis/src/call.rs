use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use redis::ToRedisArgs;

use crate::command::Command;
use crate::late::Late;
use crate::{Ending, Redis, RedisError, Reply, Script, Tag};

/// A [`Script`] that is about to be run. Made by [`Redis::run`].
#[must_use = "nothing is asked until `send` is called"]
pub struct Call<'a> {
    redis: &'a Redis,
    pub(crate) script: &'a Script,
    pub(crate) tag: Tag,
    pub(crate) command: Command,
    pub(crate) within: Duration,
    pub(crate) late: Option<Late>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(redis: &'a Redis, script: &'a Script, tag: Tag) -> Self {
        Self::with(redis, script, tag, script.endings().iter().map(|word| Ending::new(word)))
    }

    pub(crate) fn with<'e>(
        redis: &'a Redis,
        script: &'a Script,
        tag: Tag,
        endings: impl ExactSizeIterator<Item = Ending<'e>>,
    ) -> Self {
        let mut command = Command::new();
        command.arg("EVALSHA").arg(script.digest()).arg(endings.len());
        for ending in endings {
            let name = KeyName { prefix: redis.prefix(), script, tag, ending };
            command.weigh(name.bytes());
            command.arg(name);
        }
        Self { redis, script, tag, command, within: redis.response_timeout(), late: None }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Argument) -> Self {
        argument.add_to(&mut self.command);
        self
    }

    /// Waits no longer than this, if it is less than the setting.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = self.within.min(time);
        self
    }

    /// Has this hear the answer if it comes when nobody waits for it any more, as the time was over or the future was
    /// dropped: for what is to be undone then. It is called once at most, and not if the connection ends before the
    /// answer, or the server says that it did not run the script.
    ///
    /// # Cost
    ///
    /// One allocation; and a task, if nobody waits any more.
    pub fn or_late(mut self, hear: impl Fn(&Reply) + Send + Sync + 'static) -> Self {
        self.late = Some(Late::new(hear));
        self
    }

    /// Asks, once.
    ///
    /// Only what the server says it did not do is asked again: a script that it did not have, a slot that is elsewhere
    /// or on its way. Dropping the future stops the waiting, and not the server.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Reply, RedisError> {
        self.redis.send(&self).await
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("script", &self.script.name())
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}

/// What a script can be given: whole numbers, text, bytes.
pub trait Argument: sealed::Sealed {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "nobody else calls it")]
    fn add_to(self, command: &mut Command);
}

mod sealed {
    #[expect(unnameable_types, reason = "so nobody else can implement it")]
    pub trait Sealed {}
}

macro_rules! arguments {
    ($($of:ty => |$it:ident| $bytes:expr),* $(,)?) => {$(
        impl sealed::Sealed for $of {}
        impl Argument for $of {
            #[expect(private_interfaces, reason = "nobody else calls it")]
            fn add_to(self, command: &mut Command) {
                let $it = &self;
                command.weigh($bytes);
                command.arg(self);
            }
        }
    )*};
}

arguments! {
    i64 => |_it| 20,
    u64 => |_it| 20,
    u32 => |_it| 10,
    usize => |_it| 20,
    &str => |it| it.len(),
    &[u8] => |it| it.len(),
}

/// The name of a key, written without being put together first.
pub(crate) struct KeyName<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) script: &'a Script,
    pub(crate) tag: Tag,
    pub(crate) ending: Ending<'a>,
}

/// Of a key.
const DIGITS: usize = 32;

impl KeyName<'_> {
    /// How long it is, about: the parts that may be many are keys.
    fn bytes(&self) -> usize {
        self.prefix.len() + self.script.space().len() + 2 * DIGITS
    }

    /// `prefix:name:v1:{tag}:ending`, in pieces: formatting would cost more than the rest of the command.
    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.prefix.as_bytes())?;
        out.write_all(self.script.space().as_bytes())?;
        self.tag.write_to(out)?;
        out.write_all(b"}")?;
        self.ending.write_to(out)
    }
}

impl ToRedisArgs for KeyName<'_> {
    fn write_redis_args<W: ?Sized + redis::RedisWrite>(&self, out: &mut W) {
        // Into memory, which does not fail.
        let _ = self.write_to(&mut out.writer_for_next_arg());
    }
}
