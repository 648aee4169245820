use bytes::Bytes;
use http::HeaderMap;

/// A body, frame by frame. To clone it copies no byte of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    /// Most bodies are one frame, and need no list.
    first: Option<Bytes>,
    more: Vec<Bytes>,
    trailers: Option<Box<HeaderMap>>,
    length: usize,
}

impl Frames {
    /// Notes one more frame of data.
    pub(super) fn push(&mut self, data: Bytes) {
        self.length += data.len();
        match &mut self.first {
            first @ None => *first = Some(data),
            Some(_) => self.more.push(data),
        }
    }

    pub(super) fn push_trailers(&mut self, trailers: HeaderMap) {
        self.trailers = Some(Box::new(trailers));
    }

    /// How many bytes there are.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// How many there are from this frame on.
    pub(super) fn length_from(&self, at: usize) -> u64 {
        (at..).map_while(|at| self.data(at)).map(|data| data.len() as u64).sum()
    }

    /// The data of this frame, while there is any.
    pub(super) fn data(&self, at: usize) -> Option<&Bytes> {
        match at.checked_sub(1) {
            None => self.first.as_ref(),
            Some(at) => self.more.get(at),
        }
    }

    pub(super) fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_deref()
    }

    /// Whether this is past the end.
    pub(super) fn is_past(&self, at: usize) -> bool {
        let frames = usize::from(self.first.is_some()) + self.more.len();
        at >= frames + usize::from(self.trailers.is_some())
    }
}
