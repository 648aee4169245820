use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use redis::Cmd;

use crate::Script;

thread_local! {
    /// Commands whose memory is used again. A few a thread: as many are filled at once only while calls wait.
    static SPARE: RefCell<Vec<Cmd>> = const { RefCell::new(Vec::new()) };
}

const SPARES: usize = 64;
/// What was larger than this is not kept.
const LARGE: usize = 16 * 1024;

/// A command that gives its memory back.
pub(crate) struct Command {
    cmd: Cmd,
    bytes: usize,
}

impl Command {
    pub(crate) fn new() -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        Self { cmd: spare.unwrap_or_else(|| Cmd::with_capacity(16, 256)), bytes: 0 }
    }

    /// Notes how much an argument takes.
    pub(crate) fn weigh(&mut self, bytes: usize) {
        self.bytes += bytes;
    }
}

impl Deref for Command {
    type Target = Cmd;

    fn deref(&self) -> &Cmd {
        &self.cmd
    }
}

impl DerefMut for Command {
    fn deref_mut(&mut self) -> &mut Cmd {
        &mut self.cmd
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        if self.bytes > LARGE {
            return;
        }
        let mut cmd = std::mem::take(&mut self.cmd);
        cmd.clear();
        // The thread may be ending.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARES {
                spare.push(cmd);
            }
        });
    }
}

/// `EVAL source …` instead of `EVALSHA digest …`.
pub(crate) fn with_source(script: &Script, command: &Command) -> Command {
    let mut whole = Command::new();
    whole.arg("EVAL").arg(script.source());
    whole.weigh(script.source().len());
    for argument in command.args_iter().skip(2) {
        if let redis::Arg::Simple(bytes) = argument {
            whole.weigh(bytes.len());
            whole.arg(bytes);
        }
    }
    whole
}
