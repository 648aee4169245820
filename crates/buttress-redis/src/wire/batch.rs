//! What leaves in one piece, and who waits for it.

mod joint;
#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;

use redis::{Cmd, Value};
use tokio::sync::oneshot;

use self::joint::Joint;
use crate::Tag;

/// Commands, and who waits for what they are answered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) callers: Vec<oneshot::Sender<Value>>,
    /// How many of the callers wait for each answer.
    pub(super) shares: Vec<usize>,
    /// The last command, as long as others may join it: its bytes are not among those above yet.
    joint: Joint,
}

/// What was larger is not kept.
const LARGE: usize = 64 * 1024;

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.joint.is_empty()
    }

    /// Adds a command, behind all that is here.
    pub(super) fn ask(&mut self, command: &Cmd, caller: oneshot::Sender<Value>) {
        self.close();
        command.write_packed_command(&mut self.bytes);
        self.callers.push(caller);
        self.shares.push(1);
    }

    /// The same for a call whose script admits others beside it. Says where it begins: where those do that it has
    /// joined.
    pub(super) fn join(
        &mut self,
        command: &Cmd,
        tag: Tag,
        caller: oneshot::Sender<Value>,
    ) -> usize {
        if !self.joint.admits(command, tag) {
            self.close();
        }
        if self.joint.add(command, tag) {
            self.callers.push(caller);
            return self.bytes.len();
        }
        self.close();
        let at = self.bytes.len();
        self.ask(command, caller);
        at
    }

    /// Lets nobody join any more.
    pub(super) fn close(&mut self) {
        if !self.joint.is_empty() {
            self.shares.push(self.joint.write_to(&mut self.bytes));
        }
    }

    /// Makes room, without keeping what one large command took.
    pub(super) fn recycle(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(LARGE);
        self.joint.shrink_to(LARGE);
    }
}
