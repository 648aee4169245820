use std::task::{Context, Waker};

use redis::{Cmd, Value};
use tokio::sync::oneshot;

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
    /// How many bytes were ever put here.
    queued: u64,
    /// How many answers were owed when the driver last looked.
    owed: usize,
    /// The driver, if it waits.
    driver: Option<Waker>,
    ended: Option<Ended>,
}

/// Commands, and who waits for what they are answered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) callers: Vec<oneshot::Sender<Value>>,
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
        let callers = commands.map(|_| oneshot::channel());
        let mut pending = self.pending.lock();
        let Pending { batch, queued, owed, driver, ended } = &mut *pending;
        if *owed + batch.callers.len() + N > self.most {
            return Err(Full);
        }
        *from = *queued;
        if ended.is_some() {
            // Whoever would be told is forgotten here, which is how all callers hear of the end.
            return Ok(callers.map(|(_, told)| told));
        }
        let before = batch.bytes.len();
        for command in commands {
            command.write_packed_command(&mut batch.bytes);
        }
        *queued += (batch.bytes.len() - before) as u64;
        let told = callers.map(|(caller, told)| {
            batch.callers.push(caller);
            told
        });
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
        if pending.batch.bytes.is_empty() {
            pending.driver = Some(cx.waker().clone());
            return false;
        }
        pending.owed += pending.batch.callers.len();
        std::mem::swap(&mut pending.batch, batch);
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.lock().batch.bytes.is_empty()
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
mod tests {
    use redis::cmd;
    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;

    fn taken(queue: &Queue, owed: usize) -> Option<Batch> {
        let mut batch = Batch::default();
        queue.take(&mut batch, owed, &Context::from_waker(Waker::noop())).then_some(batch)
    }

    #[test]
    fn what_is_asked_together_leaves_together_and_in_order() {
        let queue = Queue::new(8);
        assert!(taken(&queue, 0).is_none());
        let (mut first, mut second) = (0, 0);
        let [_, mut told] = queue.push([&cmd("A"), &cmd("B")], &mut first).unwrap();
        let _other = queue.push([&cmd("C")], &mut second).unwrap();
        let batch = taken(&queue, 0).unwrap();
        assert_eq!(batch.bytes, b"*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n");
        assert_eq!((first, second, batch.callers.len()), (0, 22, 3));
        let caller = batch.callers.into_iter().nth(1).unwrap();
        caller.send(Value::Int(2)).unwrap();
        assert_eq!(told.try_recv(), Ok(Value::Int(2)));
        assert!(taken(&queue, 0).is_none());
    }

    #[test]
    fn what_is_owed_counts_however_far_it_has_come() {
        let (queue, ping, mut from) = (Queue::new(3), cmd("PING"), 0);
        queue.push([&ping, &ping], &mut from).unwrap();
        assert!(queue.push([&ping, &ping], &mut from).is_err(), "two wait here");
        assert!(taken(&queue, 0).is_some());
        assert!(queue.push([&ping, &ping], &mut from).is_err(), "two have left");
        assert!(taken(&queue, 1).is_none());
        assert!(queue.push([&ping, &ping], &mut from).is_ok(), "one was answered");
        assert!(queue.push([&ping], &mut from).is_err());
    }

    #[test]
    fn each_caller_hears_how_it_ended_for_him() {
        let (queue, ping) = (Queue::new(8), cmd("PING"));
        let (mut left, mut partly, mut waits, mut late) = (0, 0, 0, 0);
        queue.push([&ping], &mut left).unwrap();
        queue.push([&ping], &mut partly).unwrap();
        assert!(taken(&queue, 0).is_some());
        let [mut told] = queue.push([&ping], &mut waits).unwrap();
        assert_eq!(told.try_recv(), Err(TryRecvError::Empty));
        queue.close(partly + 1, false);
        assert_eq!(told.try_recv(), Err(TryRecvError::Closed));
        let [mut told] = queue.push([&ping], &mut late).unwrap();
        assert_eq!(told.try_recv(), Err(TryRecvError::Closed));
        let ends = [left, partly, waits, late].map(|from| queue.end(from));
        assert_eq!(ends, [End::Sent, End::Sent, End::Unsent, End::Unsent]);
        queue.close(partly, true);
        assert_eq!((queue.end(left), queue.end(partly)), (End::Garbled, End::Unsent));
    }
}

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
