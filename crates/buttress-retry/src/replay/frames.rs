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
    weight: usize,
    /// Whether its length was known before it was read.
    was_sized: bool,
}

/// What a frame counts as at least, and a trailer beside its text. It takes so much, however short it is: a place in
/// the list, of which there may be twice as many, one in that of whoever reads it again, and what its buffer has beside
/// the bytes.
pub(crate) const LEAST: usize = 128;

/// What is shorter is copied, unless it comes first. A clone of it keeps the whole buffer that it was read into, of
/// which there may be one for each frame; and of most bodies the first is all there is.
const COPIED: usize = 1024;

fn of_its_own(data: Bytes) -> Bytes {
    if data.len() < COPIED { Bytes::copy_from_slice(&data) } else { data }
}

/// What it counts as to keep a frame of data.
pub(super) fn weight(data: &Bytes) -> usize {
    if data.is_empty() { 0 } else { data.len().max(LEAST) }
}

/// What it counts as to keep trailers.
pub(super) fn weight_of_trailers(trailers: &HeaderMap) -> usize {
    trailers.iter().map(|(name, value)| name.as_str().len() + value.len() + LEAST).sum()
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
        self.weight += weight(&data);
        match &mut self.first {
            first @ None => *first = Some(data),
            Some(_) => self.more.push(of_its_own(data)),
        }
    }

    pub(super) fn push_trailers(&mut self, trailers: HeaderMap) {
        self.weight += weight_of_trailers(&trailers);
        self.trailers = Some(Box::new(trailers));
    }

    /// How many bytes there are.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// What they count as, of what may be kept.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// How many there are from this frame on. With trailers it is no more exact than it was at first: what is sent with
    /// a length over HTTP/1.1 is sent without trailers.
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
