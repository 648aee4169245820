use std::sync::OnceLock;

/// One atomic operation: a script of the server, which decides and writes in one round trip.
///
/// Name and version are part of every key that it is given, `prefix:name:v1:{tag}`: so a release that changes what is
/// written changes the version, and runs beside the one before. All keys of a call have the same tag, so they stand
/// in the same slot of a cluster. A script that needs more keys than one names their endings:
///
/// ```
/// use buttress_redis::Script;
///
/// /// `KEYS[1]` is `prefix:visits:v2:{tag}:count`, `KEYS[2]` is `prefix:visits:v2:{tag}:last`.
/// static VISIT: Script = Script::new(
///     "visits",
///     2,
///     "redis.call('SET', KEYS[2], redis.call('TIME')[1]) return redis.call('INCR', KEYS[1])",
/// )
/// .keys(&["count", "last"]);
///
/// assert_eq!(VISIT.name(), "visits");
/// ```
///
/// Write scripts with whole numbers only, ask the server for the time, and read before the first write: then an
/// error like `OOM` or `READONLY` comes before anything was written.
///
/// A script that answers with an error of its own gives it a code of its own: `NOSCRIPT`, `MOVED`, `ASK` and `TRYAGAIN`
/// are the server's, who says by them that nothing ran.
#[derive(Debug)]
pub struct Script {
    name: &'static str,
    version: u32,
    source: &'static str,
    endings: &'static [&'static str],
    is_joined: bool,
    ready: OnceLock<Ready>,
}

/// What is made of it once.
#[derive(Debug)]
struct Ready {
    digest: String,
    space: String,
}

impl Script {
    /// A script with one key.
    #[must_use]
    pub const fn new(name: &'static str, version: u32, source: &'static str) -> Self {
        let (endings, is_joined) = (&[""], false);
        Self { name, version, source, endings, is_joined, ready: OnceLock::new() }
    }

    /// Has a key for each of these endings instead, in this order.
    #[must_use]
    pub const fn keys(mut self, endings: &'static [&'static str]) -> Self {
        self.endings = endings;
        self
    }

    /// Lets calls be decided together: those that wait to leave at the same time, on the same connection and about the
    /// same [`Tag`](crate::Tag), leave as one, 16 at most. Nobody waits for others. It saves the server most of what a
    /// call costs beside what the script does.
    ///
    /// Such a script is given the keys of all calls in a row, and one argument of each: a call with none or several
    /// goes alone. It has to decide about each as if it had come alone, in turn. For one call it answers as any script
    /// does, and for several a list with an answer for each, where an error is that of one call. Another answer is
    /// none, and ends the connection.
    ///
    /// ```
    /// use buttress_redis::{Redis, Script};
    ///
    /// static ADD: Script = Script::new(
    ///     "added",
    ///     1,
    ///     "local sums = {}
    ///      for call, amount in ipairs(ARGV) do sums[call] = redis.call('INCRBY', KEYS[call], amount) end
    ///      return ARGV[2] and sums or sums[1]",
    /// )
    /// .joined();
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = buttress_testkit::redis::Server::start().await;
    /// # let url = server.url();
    /// let redis = Redis::connect(url).await?;
    /// let add = async |amount: i64| redis.run(&ADD, "visits").arg(amount).send().await?.integer();
    /// let (one, other) = tokio::try_join!(add(2), add(3))?;
    /// assert_eq!(one.max(other), 5, "whichever came first");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn joined(mut self) -> Self {
        self.is_joined = true;
        self
    }

    /// What metrics call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn source(&self) -> &'static str {
        self.source
    }

    pub(crate) const fn is_joined(&self) -> bool {
        self.is_joined
    }

    pub(crate) const fn endings(&self) -> &'static [&'static str] {
        self.endings
    }

    /// Its SHA-1.
    pub(crate) fn digest(&self) -> &str {
        &self.ready().digest
    }

    /// What stands in its keys between prefix and tag.
    pub(crate) fn space(&self) -> &str {
        &self.ready().space
    }

    fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| Ready {
            digest: sha1_smol::Sha1::from(self.source).digest().to_string(),
            space: format!(":{}:v{}:{{", self.name, self.version),
        })
    }
}
