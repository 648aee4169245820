use std::net::Shutdown;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, Timer, TokioClock, TokioTimer};
use bytes::Bytes;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::{select, try_join};

use super::Direction;
use super::faults::Faults;
use super::shared::{Injected, Shared};

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    Closed,
    Reset,
}

/// Bytes, and when they are due. What is due before its turn waits for it.
type Piece = (Bytes, Moment);

/// Carries one half of a connection to its end.
///
/// Reading and writing are apart, with a queue between: so pieces that are late are late at the same time.
pub(super) async fn pump(
    direction: Direction,
    from: &TcpStream,
    to: &TcpStream,
    shared: &Shared,
    injected: Injected,
) -> Result<(), End> {
    let (queue, pieces) = mpsc::channel(1_024);
    let clock = TokioClock::new();
    let faults = shared.faults.subscribe();
    let source =
        Source { direction, from, clock, faults: faults.clone(), injected, queue, lost: false };
    let sink = Sink { direction, to, clock, faults, shared, cut: (0, 0) };
    try_join!(source.run(), sink.run(pieces)).map(drop)
}

struct Source<'a> {
    direction: Direction,
    from: &'a TcpStream,
    clock: TokioClock,
    faults: watch::Receiver<Faults>,
    injected: Injected,
    queue: mpsc::Sender<Piece>,
    /// Whether bytes were swallowed, so that what follows would make no sense.
    lost: bool,
}

impl Source<'_> {
    async fn run(mut self) -> Result<(), End> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let Some(read) = self.next(&mut buffer).await? else { continue };
            let faults = self.faults.borrow().clone();
            if faults.swallows(self.direction) {
                self.lost = true;
                if read == Read::Bytes(0) {
                    self.changed().await?;
                }
                continue;
            }
            let bytes = match read {
                Read::Bytes(0) => return Ok(()),
                Read::Bytes(count) => faults.garbled(self.direction, &buffer[..count]),
                Read::Injected(bytes) => bytes,
            };
            let due = self.clock.now() + faults.delay(self.direction);
            self.queue.send((bytes, due)).await.map_err(|_| End::Reset)?;
        }
    }

    /// What comes next, or nothing if the faults have changed.
    async fn next(&mut self, buffer: &mut [u8]) -> Result<Option<Read>, End> {
        if self.faults.borrow_and_update().holds(self.direction) {
            self.changed().await?;
            return Ok(None);
        }
        let is_lost = self.lost && !self.faults.borrow().swallows(self.direction);
        if is_lost {
            return Err(End::Reset);
        }
        select! {
            biased;
            changed = self.faults.changed() => changed.map(|()| None).map_err(|_| End::Reset),
            Ok(()) = self.injected.changed(), if self.direction == Direction::Replies => {
                Ok(Some(Read::Injected(self.injected.borrow_and_update().clone())))
            }
            ready = self.from.readable() => {
                ready.map_err(|_| End::Reset)?;
                match self.from.try_read(buffer) {
                    Ok(count) => Ok(Some(Read::Bytes(count))),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
                    Err(_) if self.faults.borrow().swallows(self.direction) => Ok(Some(Read::Bytes(0))),
                    Err(_) => Err(End::Reset),
                }
            }
        }
    }

    async fn changed(&mut self) -> Result<(), End> {
        self.faults.changed().await.map_err(|_| End::Reset)
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Read {
    Bytes(usize),
    Injected(Bytes),
}

struct Sink<'a> {
    direction: Direction,
    to: &'a TcpStream,
    clock: TokioClock,
    faults: watch::Receiver<Faults>,
    shared: &'a Shared,
    /// Which cut it counts for, and how far it has counted.
    cut: (u64, u64),
}

impl Sink<'_> {
    async fn run(mut self, mut pieces: mpsc::Receiver<Piece>) -> Result<(), End> {
        while let Some((bytes, due)) = pieces.recv().await {
            pass(due - self.clock.now()).await;
            self.write(bytes).await?;
        }
        self.unheld().await?;
        // Fails on a connection that is gone already.
        let _ = SockRef::from(self.to).shutdown(Shutdown::Write);
        Ok(())
    }

    async fn write(&mut self, mut bytes: Bytes) -> Result<(), End> {
        while !bytes.is_empty() {
            let faults = self.unheld().await?;
            let (portion, busy) = faults.portion(bytes.len());
            let allowed = self.allowed(&faults, portion);
            let mut portion = bytes.split_to(allowed.unwrap_or(portion));
            self.write_all(&mut portion).await?;
            if allowed.is_some() {
                return Err(End::Closed);
            }
            pass(busy).await;
        }
        Ok(())
    }

    /// The faults, once they do not hold this half.
    async fn unheld(&mut self) -> Result<Faults, End> {
        let direction = self.direction;
        let faults = self.faults.wait_for(|faults| !faults.holds(direction)).await;
        faults.map(|faults| faults.clone()).map_err(|_| End::Reset)
    }

    /// How many bytes of `length` are the last ones, if the connection is to be cut among them.
    fn allowed(&mut self, faults: &Faults, length: usize) -> Option<usize> {
        let cut = faults.cut[self.direction as usize]?;
        let counted = if self.cut.0 == cut.number { self.cut.1 } else { 0 };
        self.cut = (cut.number, counted + length as u64);
        let left = usize::try_from(cut.after.saturating_sub(counted)).unwrap_or(usize::MAX);
        (left <= length).then_some(left)
    }

    async fn write_all(&self, bytes: &mut Bytes) -> Result<(), End> {
        while !bytes.is_empty() {
            self.to.writable().await.map_err(|_| End::Reset)?;
            match self.to.try_write(bytes) {
                Ok(count) => {
                    self.shared.passed(self.direction, count);
                    drop(bytes.split_to(count));
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(End::Reset),
            }
        }
        Ok(())
    }
}

/// Even the shortest sleep takes a millisecond, which a healthy line has not.
async fn pass(duration: Duration) {
    if !duration.is_zero() {
        TokioTimer.sleep(duration).await;
    }
}
