use std::task::{Context, Waker};

use redis::{Cmd, Value};
use tokio::sync::oneshot;

use super::batch::Batch;
use crate::Tag;
use crate::parts::Lock;

/// What callers have asked and the driver has not taken yet. Bytes and whom to tell are put there together, so they
/// are always in the same order.
#[derive(Debug)]
pub(super) struct Queue {
    pending: Lock<Pending>,
    most: usize,
}

#[derive(Debug, Default)]
struct Pending {
    batch: Batch,
    /// How many bytes were ever taken from here.
    taken: u64,
    /// How many answers were owed when the driver last looked.
    owed: usize,
    /// The driver, if it waits.
    driver: Option<Waker>,
    ended: Option<Ended>,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    written: u64,
    garbled: bool,
}

/// How a connection ended, as one caller sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// Before anything of the command had left.
    Unsent,
    /// After some of the command had left, or all of it.
    Sent,
    /// The same, because what the server said was no answer.
    Garbled,
}

/// The server owes too many answers already. Nothing was asked.
#[derive(Debug)]
pub(crate) struct Full;

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self { pending: Lock::default(), most }
    }

    /// Puts commands at the end; `from` is where they begin among all bytes there ever were.
    pub(super) fn push<const N: usize>(
        &self,
        commands: [&Cmd; N],
        from: &mut u64,
    ) -> Result<[oneshot::Receiver<Value>; N], Full> {
        let callers = commands.map(|command| (command, oneshot::channel()));
        self.put(N, from, |batch| {
            // So that they begin where the bytes end.
            batch.close();
            let at = batch.bytes.len();
            let told = callers.map(|(command, (caller, told))| {
                batch.ask(command, caller);
                told
            });
            (told, at)
        })
    }

    /// The same for a call that [may be one](Batch::join) with those before it: then it begins where they do.
    pub(super) fn join(
        &self,
        command: &Cmd,
        tag: Tag,
        from: &mut u64,
    ) -> Result<oneshot::Receiver<Value>, Full> {
        let (caller, told) = oneshot::channel();
        self.put(1, from, |batch| {
            let at = batch.join(command, tag, caller);
            (told, at)
        })
    }

    /// Has so many commands put into the batch, which says where they begin in it, and wakes the driver.
    fn put<T>(
        &self,
        count: usize,
        from: &mut u64,
        put: impl FnOnce(&mut Batch) -> (T, usize),
    ) -> Result<T, Full> {
        let mut pending = self.pending.lock();
        let Pending { batch, taken, owed, driver, ended } = &mut *pending;
        if *owed + batch.callers.len() + count > self.most {
            return Err(Full);
        }
        let (told, at) = put(batch);
        *from = *taken + at as u64;
        if ended.is_some() {
            // Whoever would be told is forgotten here, which is how all callers hear of the end.
            *batch = Batch::default();
            return Ok(told);
        }
        let driver = driver.take();
        drop(pending);
        if let Some(driver) = driver {
            driver.wake();
        }
        Ok(told)
    }

    /// Exchanges what was asked for an empty batch. If there is nothing, the driver is woken when there is.
    pub(super) fn take(&self, batch: &mut Batch, owed: usize, cx: &Context<'_>) -> bool {
        let mut pending = self.pending.lock();
        pending.owed = owed;
        if pending.batch.is_empty() {
            pending.driver = Some(cx.waker().clone());
            return false;
        }
        pending.batch.close();
        pending.taken += pending.batch.bytes.len() as u64;
        pending.owed += pending.batch.callers.len();
        std::mem::swap(&mut pending.batch, batch);
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.lock().batch.is_empty()
    }

    /// Nothing is asked any more; who waits hears of it.
    pub(super) fn close(&self, written: u64, garbled: bool) {
        let mut pending = self.pending.lock();
        pending.ended = Some(Ended { written, garbled });
        let (batch, driver) = (std::mem::take(&mut pending.batch), pending.driver.take());
        drop(pending);
        drop((batch, driver));
    }

    /// How it ended, for a command that began there.
    pub(super) fn end(&self, from: u64) -> End {
        match self.pending.lock().ended {
            Some(Ended { written, .. }) if written <= from => End::Unsent,
            Some(Ended { garbled: true, .. }) => End::Garbled,
            _ => End::Sent,
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests;

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;

    use buttress_testkit::models::{block_on, explore, join, thread};
    use redis::cmd;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    fn asking(queue: &Arc<Queue>) -> thread::JoinHandle<oneshot::Receiver<Value>> {
        let queue = queue.clone();
        thread::spawn(move || {
            let [told] = queue.push([&cmd("PING")], &mut 0).unwrap();
            told
        })
    }

    /// The driver sleeps only while nothing is asked.
    #[test]
    fn nothing_that_is_asked_lies_there() {
        explore(|| {
            let queue = Arc::new(Queue::new(8));
            let askers = [(); 2].map(|()| asking(&queue));
            let mut all = 0;
            while all < 2 {
                let mut batch = Batch::default();
                block_on(poll_fn(|cx| match queue.take(&mut batch, 0, cx) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }));
                all += batch.callers.len();
            }
            join(askers);
        });
    }

    /// Nor does what may be one with others.
    #[test]
    fn nothing_that_joins_others_lies_there() {
        explore(|| {
            let queue = Arc::new(Queue::new(8));
            let askers = [(); 2].map(|()| {
                let queue = queue.clone();
                thread::spawn(move || {
                    let mut call = cmd("EVALSHA");
                    call.arg("d").arg(0).arg("x");
                    queue.join(&call, "t".into(), &mut 0).unwrap()
                })
            });
            let mut all = 0;
            while all < 2 {
                let mut batch = Batch::default();
                block_on(poll_fn(|cx| match queue.take(&mut batch, 0, cx) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }));
                assert_eq!(batch.shares.iter().sum::<usize>(), batch.callers.len());
                all += batch.callers.len();
            }
            join(askers);
        });
    }

    /// Whoever asks while it ends hears that it did.
    #[test]
    fn nobody_waits_for_an_end_that_was() {
        explore(|| {
            let queue = Arc::new(Queue::new(8));
            let askers = [(); 2].map(|()| asking(&queue));
            queue.close(0, false);
            for mut told in join(askers) {
                assert_eq!(told.try_recv(), Err(TryRecvError::Closed));
            }
            assert_eq!(queue.end(0), End::Unsent);
        });
    }
}
