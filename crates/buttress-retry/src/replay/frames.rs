use bytes::Bytes;
use http::HeaderMap;
use http_body::SizeHint;

/// A body, frame by frame. To clone it copies no byte of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    /// Most bodies are one frame, and need no list.
    first: Option<Bytes>,
    more: Vec<Bytes>,
    trailers: Option<Box<HeaderMap>>,
    length: usize,
    /// Whether its length was known before it was read.
    was_sized: bool,
}

impl Frames {
    /// None yet, of a body whose length is known, or is not.
    pub(super) fn of(length: Option<u64>) -> Self {
        Self { was_sized: length.is_some(), ..Self::default() }
    }

    /// Notes one more frame of data. One without any says nothing, and takes no room: of those there may be any number.
    pub(super) fn push(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
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

    /// How many there are from this frame on. With trailers it is no more exact than it was at first: what is sent with a
    /// length over HTTP/1.1 is sent without trailers.
    pub(super) fn hint_from(&self, at: usize) -> SizeHint {
        let left = (at..).map_while(|at| self.data(at)).map(|data| data.len() as u64).sum();
        if self.was_sized || self.trailers.is_none() {
            return SizeHint::with_exact(left);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(left);
        hint
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
