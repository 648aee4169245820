use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

use super::cause::Cause;
use super::wire::{Scan, Wire};

/// How far the end of a connection's bytes has come.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// The most that is thrown away; nothing, and the connection is closed at once.
    pub(super) most: u64,
    /// The client has said that it sends no more.
    pub(super) nothing_comes: bool,
    /// We have said so.
    pub(super) half_closed: bool,
    thrown: u64,
}

/// What is thrown away in one turn, so that the others have theirs: so many pieces of at most so many bytes.
const PIECES: usize = 16;
const PIECE: usize = 16 * 1024;

impl<I: AsyncRead + Unpin> Wire<I> {
    /// Reads and throws away what still comes after the last answer, until the client has closed. How long that may
    /// take is the watch's to say.
    pub(super) fn linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Scan::Http1(heads) = &self.scan else { return Poll::Ready(()) };
        let whole = heads.is_between() && self.ending.is_none();
        if self.leaving.most == 0 || self.leaving.nothing_comes || self.link.is_upgraded() {
            return Poll::Ready(());
        }
        let mut room = [const { MaybeUninit::uninit() }; PIECE];
        for _ in 0..PIECES {
            let mut piece = ReadBuf::uninit(&mut room);
            match Pin::new(&mut self.io).poll_read(cx, &mut piece) {
                // All has been read that was sent, as far as can be seen: the usual end.
                Poll::Pending if whole && self.leaving.thrown == 0 => return Poll::Ready(()),
                Poll::Pending => {
                    self.link.lingers(self.leaving.thrown);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if !piece.filled().is_empty() => {
                    self.leaving.thrown += piece.filled().len() as u64;
                }
                // It has closed, or is gone.
                Poll::Ready(_) => return Poll::Ready(()),
            }
            if self.leaving.thrown > self.leaving.most {
                self.link.limited(Cause::Linger);
                return Poll::Ready(());
            }
        }
        self.link.lingers(self.leaving.thrown);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
