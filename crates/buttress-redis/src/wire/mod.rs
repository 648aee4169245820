//! What calls go through: one connection, many callers, each answered in turn.

mod batch;
mod decode;
mod driver;
mod owed;
mod queue;
#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;

use std::sync::Arc;

use redis::{Cmd, Value};
use tokio::sync::oneshot;

pub(crate) use self::decode::{Decoder, Garbled};
pub(crate) use self::driver::Driver;
use self::queue::Queue;
pub(crate) use self::queue::{End, Full};
use crate::Tag;
use crate::late::Late;
use crate::link::Stream;

/// The callers' side of a connection. The other is the [`Driver`], which reads and writes.
///
/// It is written by hand, where the multiplexed connection of the `redis` crate would do, for two reasons. What many
/// callers ask at about the same time leaves in one piece: writing is what a call costs most. And it is known what
/// had left when a connection ended, so a call is ambiguous only if it may have run.
#[derive(Debug)]
pub(crate) struct Wire {
    queue: Arc<Queue>,
}

impl Wire {
    /// No more than `most` answers may be owed at a time.
    pub(crate) fn new(stream: Stream, most: usize) -> (Self, Driver) {
        let queue = Arc::new(Queue::new(most));
        (Self { queue: queue.clone() }, Driver::new(stream, queue))
    }

    /// Asks all of it, with nothing in between.
    pub(crate) fn ask<const N: usize>(&self, commands: [&Cmd; N]) -> Result<[Answer<'_>; N], Full> {
        let mut from = 0;
        let told = self.queue.push(commands, &mut from)?;
        Ok(told.map(|told| Answer::new(&self.queue, told, from)))
    }

    /// Asks as one with others who ask the same script about the same, if any of them wait to leave: nobody waits for
    /// others.
    pub(crate) fn join(&self, command: &Cmd, tag: Tag) -> Result<Answer<'_>, Full> {
        let mut from = 0;
        let told = self.queue.join(command, tag, &mut from)?;
        Ok(Answer::new(&self.queue, told, from))
    }
}

/// What is to come.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    queue: &'a Queue,
    told: oneshot::Receiver<Value>,
    from: u64,
    /// Who hears it if this is dropped before.
    late: Option<Late>,
}

impl<'a> Answer<'a> {
    const fn new(queue: &'a Queue, told: oneshot::Receiver<Value>, from: u64) -> Self {
        Self { queue, told, from, late: None }
    }

    pub(crate) fn or_late(mut self, late: Option<&Late>) -> Self {
        self.late = late.cloned();
        self
    }

    /// May be dropped while it waits: whatever comes then is for nobody, or for whoever hears what is late.
    pub(crate) async fn value(mut self) -> Result<Value, End> {
        let told = (&mut self.told).await;
        self.late = None;
        told.map_err(|_| self.queue.end(self.from))
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if let Some(late) = self.late.take() {
            late.wait(std::mem::replace(&mut self.told, oneshot::channel().1));
        }
    }
}
