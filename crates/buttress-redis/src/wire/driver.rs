use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use redis::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::batch::Batch;
use super::decode::{Decoder, Garbled};
use super::owed::Owed;
use super::queue::Queue;
use crate::link::Stream;

/// Reads and writes, until the connection ends. Dropping it ends it; whoever still waits hears so.
#[derive(Debug)]
pub(crate) struct Driver {
    stream: Stream,
    queue: Arc<Queue>,
    batch: Batch,
    /// How much of the batch has left.
    left: usize,
    /// How much has left at all.
    written: u64,
    unflushed: bool,
    /// Whether others had their turn since there is something to write.
    yielded: bool,
    owed: Owed,
    input: Input,
    garbled: bool,
}

/// What was read and is no answer yet.
#[derive(Debug)]
struct Input {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    decoder: Decoder,
}

/// Why a connection ends.
enum Over {
    Closed,
    Garbled,
}

const ROOM: usize = 16 * 1024;

impl Driver {
    pub(super) fn new(stream: Stream, queue: Arc<Queue>) -> Self {
        let decoder = Decoder::default();
        let input = Input { buffer: vec![0; ROOM], from: 0, to: 0, decoder };
        Self {
            stream,
            queue,
            batch: Batch::default(),
            left: 0,
            written: 0,
            unflushed: false,
            yielded: false,
            owed: Owed::default(),
            input,
            garbled: false,
        }
    }

    /// Both directions each time: a server that is not read from does not read either.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        while let Poll::Ready(read) = self.poll_read(cx) {
            if let Err(over) = read {
                return Poll::Ready(over);
            }
        }
        match self.poll_write(cx) {
            Poll::Ready(_) => Poll::Ready(Over::Closed),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Over>> {
        let Self { stream, input, owed, .. } = self;
        let read = ready!(input.poll_fill(stream, cx)).unwrap_or(0);
        if read == 0 {
            return Poll::Ready(Err(Over::Closed));
        }
        while let Some(value) = input.next().map_err(|Garbled| Over::Garbled)? {
            owed.answer(value).map_err(|Garbled| Over::Garbled)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Returns only when nothing can be written any more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            while let Some(bytes) = self.batch.bytes.get(self.left..).filter(|it| !it.is_empty()) {
                match ready!(Pin::new(&mut self.stream).poll_write(cx, bytes)) {
                    Ok(0) => return Poll::Ready(io::ErrorKind::WriteZero.into()),
                    Ok(wrote) => {
                        self.left += wrote;
                        self.written += wrote as u64;
                        self.unflushed = true;
                    }
                    Err(error) => {
                        // Of what a TLS session had taken, some may have left before it failed.
                        self.written += bytes.len() as u64;
                        return Poll::Ready(error);
                    }
                }
            }
            if self.unflushed {
                if let Err(error) = ready!(Pin::new(&mut self.stream).poll_flush(cx)) {
                    return Poll::Ready(error);
                }
                self.unflushed = false;
            }
            ready!(self.poll_batch(cx));
        }
    }

    /// The next commands. Whoever is ready to run may ask first: what is asked together leaves together.
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.yielded && !self.queue.is_empty() {
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.yielded = false;
        self.batch.recycle();
        self.left = 0;
        if !self.queue.take(&mut self.batch, self.owed.len(), cx) {
            return Poll::Pending;
        }
        self.owed.expect(&mut self.batch);
        Poll::Ready(())
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let over = ready!(self.poll_drive(cx));
        self.garbled = matches!(over, Over::Garbled);
        Poll::Ready(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Before those who are owed an answer are dropped: they look here for the reason.
        self.queue.close(self.written, self.garbled);
    }
}

impl Input {
    fn poll_fill(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.make_room();
        let mut room = ReadBuf::new(self.buffer.get_mut(self.to..).unwrap_or_default());
        ready!(Pin::new(stream).poll_read(cx, &mut room))?;
        let read = room.filled().len();
        self.to += read;
        Poll::Ready(Ok(read))
    }

    fn next(&mut self) -> Result<Option<Value>, Garbled> {
        let mut rest = self.buffer.get(self.from..self.to).unwrap_or_default();
        let next = self.decoder.next(&mut rest);
        self.from = self.to - rest.len();
        next
    }

    /// What waits moves to the front, and a long answer gets a larger buffer for as long as it needs it.
    fn make_room(&mut self) {
        if self.from == self.to {
            (self.from, self.to) = (0, 0);
            if self.buffer.len() > 4 * ROOM {
                self.buffer = vec![0; ROOM];
            }
        }
        if self.buffer.len() - self.to >= ROOM / 4 {
            return;
        }
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        if self.buffer.len() - self.to < ROOM / 4 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}
