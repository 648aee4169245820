use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection whose first bytes may be looked at before they are read.
#[derive(Debug)]
pub(super) struct Ahead<I> {
    io: I,
    seen: Vec<u8>,
}

impl<I> Ahead<I> {
    pub(super) fn new(io: I) -> Self {
        Self { io, seen: Vec::new() }
    }

    /// What was looked at, and not read.
    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// Forgets the first `count` bytes.
    pub(super) fn skip(&mut self, count: usize) {
        self.seen.drain(..count.min(self.seen.len()));
    }
}

impl<I: AsyncRead + Unpin> Ahead<I> {
    /// Looks at more bytes; none more come after an end.
    pub(super) async fn look(&mut self) -> io::Result<()> {
        let mut room = [0; 512];
        let mut room = ReadBuf::new(&mut room);
        poll_fn(|cx| Pin::new(&mut self.io).poll_read(cx, &mut room)).await?;
        if room.filled().is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.seen.extend_from_slice(room.filled());
        Ok(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Ahead<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let count = self.seen.len().min(buffer.remaining());
        buffer.put_slice(&self.seen[..count]);
        self.skip(count);
        if self.seen.is_empty() {
            self.seen = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Ahead<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
