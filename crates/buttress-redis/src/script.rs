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
        Self { name, version, source, endings: &[""], ready: OnceLock::new() }
    }

    /// Has a key for each of these endings instead, in this order.
    #[must_use]
    pub const fn keys(mut self, endings: &'static [&'static str]) -> Self {
        self.endings = endings;
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
