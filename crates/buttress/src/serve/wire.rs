use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Clock, TokioClock};
use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ahead::Ahead;
use super::budget::Budget;
use super::cause::Cause;
use super::frames::Frames;
use super::head::Heads;
use super::leaving::Leaving;
use super::link::Link;

/// The bytes of one connection, on their way between the socket and the HTTP library.
///
/// They pass as they are, but for a target that is too long: the head ends with it, so that it is refused for
/// what it is, and nothing that follows is read. What they show is noted in the [`Link`]: whether a head has begun,
/// whether the peer takes what is written, whether there are frames that bring nothing.
#[derive(Debug)]
pub(super) struct Wire<I> {
    pub(super) io: Ahead<I>,
    pub(super) link: Arc<Link>,
    pub(super) scan: Scan,
    /// What the library reads instead of what comes, once a target is too long.
    pub(super) ending: Option<&'static [u8]>,
    pub(super) leaving: Leaving,
}

/// What makes a head of the beginning of its first line.
const END_OF_HEAD: &[u8] = b" HTTP/1.1\r\n\r\n";

#[derive(Debug)]
pub(super) enum Scan {
    Http1(Heads),
    /// What comes, and what goes.
    Http2 {
        frames: Frames,
        sent: Frames,
        budget: Budget,
        clock: TokioClock,
    },
}

impl<I> Wire<I> {
    pub(super) fn new(io: Ahead<I>, link: Arc<Link>, scan: Scan) -> Self {
        Self { io, link, scan, ending: None, leaving: Leaving::default() }
    }

    /// After the last answer, so many bytes that still come are read and thrown away.
    pub(super) fn lingers(mut self, most: u64) -> Self {
        self.leaving.most = most;
        self
    }

    /// Looks at what has arrived. It says how much of it the library should see, if not all.
    fn scan(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match &mut self.scan {
            Scan::Http1(heads) => {
                let end = heads.read(bytes);
                self.link.heads(heads.is_inside(), heads.refused());
                return Ok(end);
            }
            Scan::Http2 { frames, budget, clock, .. } => {
                let seen = frames.read(bytes);
                self.link.heads(frames.is_inside_head(), None);
                if !budget.spend(seen, self.link.given(), clock.now()) {
                    self.link.limited(Cause::Flood);
                    return Err(io::Error::other("too many HTTP/2 frames that bring nothing"));
                }
            }
        }
        Ok(None)
    }

    /// The rest of a head that is refused for its target. Whatever else comes is not read any more.
    fn ended(&mut self, rest: &'static [u8], buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if rest.is_empty() {
            return Poll::Pending;
        }
        let (now, later) = rest.split_at(rest.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.ending = Some(later);
        Poll::Ready(Ok(()))
    }

    fn cut(&self) -> io::Result<()> {
        if self.link.is_cut() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server has ended"));
        }
        Ok(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let upgraded = self.link.is_upgraded();
        if upgraded {
            self.link.read_by(cx.waker());
            self.cut()?;
        }
        if let Some(rest) = self.ending {
            return self.ended(rest, buffer);
        }
        let before = buffer.filled().len();
        let room = buffer.remaining() > 0;
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        let bytes = &buffer.filled()[before..];
        self.leaving.nothing_comes |= room && bytes.is_empty();
        if !upgraded
            && !bytes.is_empty()
            && let Some(end) = self.scan(bytes)?
        {
            buffer.set_filled(before + end);
            self.ending = Some(END_OF_HEAD);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> Wire<I> {
    /// Writes through `write`, and notes what comes of it.
    fn write<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Ahead<I>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.link.is_upgraded() {
            self.link.written_by(cx.waker());
            self.cut()?;
        }
        let done = write(Pin::new(&mut self.io), cx);
        self.link.set_blocked(done.is_pending());
        done
    }

    /// Notes how much of `pieces` was written.
    fn count(
        &mut self,
        done: Poll<io::Result<usize>>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(Ok(bytes)) = &done else { return done };
        self.link.wrote(*bytes);
        if let Scan::Http2 { sent, .. } = &mut self.scan {
            let mut left = *bytes;
            for piece in pieces {
                let (written, _) = piece.split_at(left.min(piece.len()));
                self.link.sent(sent.read(written));
                left -= written.len();
            }
        }
        done
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = self.write(cx, |io, cx| io.poll_write(cx, bytes));
        self.count(done, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = self.write(cx, |io, cx| {
            if io.is_write_vectored() {
                io.poll_write_vectored(cx, bytes)
            } else {
                write_joined(io, cx, bytes)
            }
        });
        self.count(done, bytes)
    }

    /// Or the library would copy whole answers, and hold them for taken.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.leaving.half_closed {
            ready!(self.write(cx, AsyncWrite::poll_shutdown))?;
            self.leaving.half_closed = true;
        }
        self.linger(cx).map(Ok)
    }
}

/// The most that is put together for a connection that takes one piece at a time: a head, and a small body.
const JOINED: usize = 4_096;

fn write_joined<I: AsyncWrite + Unpin>(
    io: Pin<&mut Ahead<I>>,
    cx: &mut Context<'_>,
    pieces: &[io::IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let mut pieces = pieces.iter().skip_while(|piece| piece.is_empty());
    let Some(first) = pieces.next() else { return io.poll_write(cx, &[]) };
    if first.len() >= JOINED {
        return io.poll_write(cx, first);
    }
    let mut joined = [0; JOINED];
    let mut room = &mut joined[..];
    for piece in std::iter::once(first).chain(pieces) {
        room.put_slice(&piece[..piece.len().min(room.len())]);
    }
    let length = JOINED - room.len();
    io.poll_write(cx, &joined[..length])
}

impl<I> Drop for Wire<I> {
    fn drop(&mut self) {
        self.link.close();
    }
}
