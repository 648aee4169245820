use std::io::IoSlice;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::link::{Flight, Link};
use super::turn::Turn;

/// What keeps an answer under way, wherever it is.
#[derive(Debug)]
pub(super) enum Way {
    /// In one piece, as most are over HTTP/1: it goes along with that.
    Alone(Flight),
    Shared(Arc<Turn>),
}

impl Way {
    pub(super) fn flight(&self) -> &Flight {
        match self {
            Self::Alone(flight) => flight,
            Self::Shared(turn) => turn.flight(),
        }
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        self.flight().link()
    }

    /// Another hold of it.
    fn another(self) -> (Self, Arc<Turn>) {
        let turn = match self {
            Self::Alone(flight) => Arc::new(Turn::new(flight, u64::MAX)),
            Self::Shared(turn) => turn,
        };
        (Self::Shared(turn.clone()), turn)
    }
}

/// Data of an answer. Until its last byte is taken, or it is dropped, the answer is under way: the library drops a body
/// long before that.
#[derive(Debug)]
pub(super) struct Piece<D> {
    data: D,
    way: Option<Way>,
}

impl<D: Buf> Piece<D> {
    /// The next piece of an answer; the last that is alone takes it along.
    pub(super) fn new(data: D, last: bool, way: &mut Option<Way>) -> Self {
        let holds = match way.take() {
            Some(Way::Alone(flight)) if last => Some(Way::Alone(flight)),
            Some(some) => {
                let (mine, turn) = some.another();
                turn.theirs(data.remaining());
                *way = Some(Way::Shared(turn));
                Some(mine)
            }
            None => None,
        };
        Self { data, way: holds }
    }

    fn took(&self, bytes: usize) {
        if let Some(Way::Shared(turn)) = &self.way {
            turn.took(bytes, !self.data.has_remaining());
        }
    }
}

impl<D: Buf> Buf for Piece<D> {
    fn remaining(&self) -> usize {
        self.data.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.data.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.data.chunks_vectored(slices)
    }

    fn advance(&mut self, bytes: usize) {
        self.data.advance(bytes);
        self.took(bytes);
    }

    fn copy_to_bytes(&mut self, bytes: usize) -> Bytes {
        let copied = self.data.copy_to_bytes(bytes);
        self.took(bytes);
        copied
    }
}

impl<D> Drop for Piece<D> {
    fn drop(&mut self) {
        if let Some(Way::Shared(turn)) = self.way.take() {
            turn.landed();
        }
    }
}
