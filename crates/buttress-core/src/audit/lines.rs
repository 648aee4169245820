use std::fmt;
use std::io::{self, Write};

use super::{Receiver, Record, Sink};
use crate::sync::Lock;

/// A sink that writes a line of JSON for each record, where the event happened: so a request waits for the writer.
///
/// It is for writers that do not wait, and for small programs. For a file or a pipe take a [`channel`](super::channel),
/// and [`Receiver::write_json_lines`] in a thread of its own.
///
/// ```
/// use buttress_core::audit::{Action, Audit, Event, JsonLines, Outcome};
///
/// const LOGGED_IN: Action = Action::new("shop.logged_in");
///
/// let (reader, writer) = std::io::pipe()?;
/// let audit = Audit::builder().sink(JsonLines::new(writer)).build()?;
/// audit.record(&Event::new(LOGGED_IN, Outcome::Refused));
/// drop(audit);
///
/// let line: serde_json::Value = serde_json::from_reader(reader)?;
/// assert_eq!(line["action"], "shop.logged_in");
/// assert_eq!(line["actor"]["kind"], "unknown");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct JsonLines<W>(Lock<W>);

impl<W: Write + Send + 'static> JsonLines<W> {
    /// Writes there, each line at once.
    #[must_use]
    pub const fn new(to: W) -> Self {
        Self(Lock::new(to))
    }
}

impl<W: Write + Send + 'static> Sink for JsonLines<W> {
    fn record(&self, record: &Record<'_>) -> bool {
        let mut line = Vec::with_capacity(USUAL);
        if write_line(&mut line, record).is_err() {
            return false;
        }
        let mut to = self.0.lock();
        to.write_all(&line).and_then(|()| to.flush()).is_ok()
    }
}

/// Most lines are shorter, in bytes.
const USUAL: usize = 512;

impl Receiver {
    /// Writes a line of JSON for each record, until all sinks are gone. It blocks, so it is for a thread of its own.
    ///
    /// It flushes whenever there is nothing more to write.
    ///
    /// ```
    /// use buttress_core::audit::{Action, Audit, Event, Outcome, channel};
    ///
    /// const LOGGED_IN: Action = Action::new("shop.logged_in");
    ///
    /// let (sink, mut records) = channel(1_000);
    /// let audit = Audit::builder().sink(sink).build()?;
    /// let writing = std::thread::spawn(move || {
    ///     let mut file = Vec::new();
    ///     records.write_json_lines(&mut file).map(|()| file)
    /// });
    ///
    /// audit.record(&Event::new(LOGGED_IN, Outcome::Succeeded).target("back office"));
    /// drop(audit);
    /// let file = writing.join().unwrap()?;
    /// assert!(file.ends_with(b"\"target\":\"back office\"}\n"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with what the writer fails with. The record is not lost: call it again with a writer that works. The first
    /// one may have got a part of that line, which is written whole then. What a buffer of the writer
    /// had taken and could not flush is the writer's to know.
    pub fn write_json_lines(&mut self, mut to: impl Write) -> io::Result<()> {
        let mut line = Vec::with_capacity(USUAL);
        while let Some(record) = self.recv_blocking() {
            line.clear();
            let written = write_line(&mut line, &record).and_then(|()| to.write_all(&line));
            if let Err(error) = written {
                self.put_back(record);
                return Err(error);
            }
            if self.is_empty() {
                to.flush()?;
            }
        }
        to.flush()
    }
}

/// What a record says never breaks the line: in JSON, control characters are escaped.
fn write_line(line: &mut Vec<u8>, record: &Record<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *line, record)?;
    line.push(b'\n');
    Ok(())
}

impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonLines")
    }
}
