use std::io::{self, Write};

use buttress_core::Key;

/// What a key ends with, after its tag: by this the keys of one call differ.
///
/// A word of the program's own, and a [`Key`] where there are many of a kind. Nothing is put together beforehand.
///
/// ```
/// use buttress_core::Key;
/// use buttress_redis::{Ending, ErrorKind, Redis, Script};
///
/// static SUM: Script = Script::new("sum", 1, "return #KEYS");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = buttress_testkit::redis::Server::start().await;
/// # let redis = Redis::builder(server.url()).build()?;
/// # redis.connected().await?;
/// let ada = Key::from_bytes([7; 16]);
/// // `buttress:sum:v1:{shop}:all`, and `buttress:sum:v1:{shop}:of:07070707070707070707070707070707`.
/// let endings = [Ending::new("all"), Ending::new("of").with(ada)];
/// let reply = redis.run_for(&SUM, "shop", endings.into_iter()).send().await?;
/// assert_eq!(reply.integer()?, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ending<'a> {
    word: &'a str,
    key: Option<Key>,
}

impl<'a> Ending<'a> {
    /// Ends with this word; with nothing if it is empty.
    #[must_use]
    pub const fn new(word: &'a str) -> Self {
        Self { word, key: None }
    }

    /// Has this after the word.
    #[must_use]
    pub const fn with(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(crate) fn write_to(self, out: &mut impl Write) -> io::Result<()> {
        if !self.word.is_empty() {
            out.write_all(b":")?;
            out.write_all(self.word.as_bytes())?;
        }
        if let Some(key) = self.key {
            out.write_all(b":")?;
            out.write_all(&key.to_hex())?;
        }
        Ok(())
    }
}
