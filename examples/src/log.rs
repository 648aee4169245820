use std::io::{self, Write};
use std::sync::Arc;

use buttress_core::sync::Lock;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::prelude::*;

use crate::Options;

/// What the family logs: written to stderr, and with `--smoke` remembered, so that it can be looked at.
#[derive(Clone, Debug)]
pub struct Log {
    remembered: Option<Arc<Lock<Vec<u8>>>>,
}

impl Log {
    /// Begins to listen, for the whole program.
    #[must_use]
    pub fn listen(options: Options) -> Self {
        let log = Self { remembered: options.smoke().then(Arc::default) };
        let family = Targets::new().with_target("buttress", LevelFilter::DEBUG);
        let lines = fmt::layer().with_writer(log.clone()).with_ansi(false).without_time();
        tracing_subscriber::registry().with(lines.with_filter(family)).init();
        log
    }

    /// Whether a line has all of these words.
    #[must_use]
    pub fn says(&self, words: &[&str]) -> bool {
        let Some(remembered) = &self.remembered else { return false };
        let remembered = remembered.lock();
        let text = String::from_utf8_lossy(&remembered);
        text.lines().any(|line| words.iter().all(|word| line.contains(word)))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(remembered) = &self.remembered {
            remembered.lock().extend_from_slice(bytes);
        }
        io::stderr().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
