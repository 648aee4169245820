//! Bodies that play a script of frames, and know when they were polled.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::mock::MockError;

/// A body that plays a script of frames. Empty by default.
///
/// Its [`FramesHandle`] sees what the reader does, and releases what is held back.
///
/// ```
/// use buttress_testkit::{body::Frames, poll};
/// use http_body_util::BodyExt;
///
/// let mut body = Frames::new().data("one").hold().data("two");
/// let handle = body.handle();
/// assert_eq!(handle.polls(), 0);
///
/// let first = poll::assert_ready(body.frame()).unwrap().unwrap();
/// assert_eq!(first.into_data().unwrap(), "one");
/// poll::assert_pending(body.frame());
///
/// handle.release();
/// let second = poll::assert_ready(body.frame()).unwrap().unwrap();
/// assert_eq!(second.into_data().unwrap(), "two");
/// assert_eq!(handle.polls(), 3);
/// ```
#[derive(Debug, Default)]
#[must_use = "a body does nothing unless polled"]
pub struct Frames {
    script: VecDeque<Step>,
    is_unsized: bool,
    shared: Arc<Lock<State>>,
}

#[derive(Debug)]
enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Fail(MockError),
    Hold,
}

#[derive(Debug, Default)]
struct State {
    polls: usize,
    releases: usize,
    waker: Option<Waker>,
    is_dropped: bool,
}

impl Frames {
    /// Starts with an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then gives `data`.
    pub fn data(self, data: impl Into<Bytes>) -> Self {
        self.then(Step::Data(data.into()))
    }

    /// Then gives `trailers`.
    pub fn trailers(self, trailers: HeaderMap) -> Self {
        self.then(Step::Trailers(trailers))
    }

    /// Then fails; what the script says after that is not played.
    pub fn fail(self, error: impl Into<MockError>) -> Self {
        self.then(Step::Fail(error.into()))
    }

    /// Then stays pending until [`FramesHandle::release`].
    pub fn hold(self) -> Self {
        self.then(Step::Hold)
    }

    /// Keeps its size to itself, as a stream does: HTTP/1.1 sends it in chunks.
    pub fn of_unknown_size(mut self) -> Self {
        self.is_unsized = true;
        self
    }

    /// The test's hand on this body.
    #[must_use]
    pub fn handle(&self) -> FramesHandle {
        FramesHandle { shared: Arc::clone(&self.shared) }
    }

    fn then(mut self, step: Step) -> Self {
        self.script.push_back(step);
        self
    }

    /// Whether what is held back has to wait still.
    fn is_held(&self, cx: &Context<'_>) -> bool {
        let mut state = self.shared.lock();
        if let Some(left) = state.releases.checked_sub(1) {
            state.releases = left;
            return false;
        }
        state.waker = Some(cx.waker().clone());
        true
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = MockError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, MockError>>> {
        self.shared.lock().polls += 1;
        while let Some(Step::Hold) = self.script.front() {
            if self.is_held(cx) {
                return Poll::Pending;
            }
            self.script.pop_front();
        }
        Poll::Ready(match self.script.pop_front() {
            Some(Step::Data(data)) => Some(Ok(Frame::data(data))),
            Some(Step::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Some(Step::Fail(error)) => {
                self.script.clear();
                Some(Err(error))
            }
            Some(Step::Hold) | None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.script.is_empty()
    }

    /// Exact, unless [of unknown size](Self::of_unknown_size).
    fn size_hint(&self) -> SizeHint {
        if self.is_unsized {
            return SizeHint::default();
        }
        let sizes = self.script.iter().map(|step| match step {
            Step::Data(data) => data.len() as u64,
            Step::Trailers(_) | Step::Fail(_) | Step::Hold => 0,
        });
        SizeHint::with_exact(sizes.sum())
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.shared.lock().is_dropped = true;
    }
}

/// So that layers which answer with bodies made from bytes can be tested with it.
impl From<Bytes> for Frames {
    fn from(data: Bytes) -> Self {
        if data.is_empty() { Self::new() } else { Self::new().data(data) }
    }
}

impl From<String> for Frames {
    fn from(data: String) -> Self {
        Bytes::from(data).into()
    }
}

impl From<&'static str> for Frames {
    fn from(data: &'static str) -> Self {
        Bytes::from(data).into()
    }
}

/// The test's hand on a body. Made by [`Frames::handle`]; see there for an example.
#[derive(Clone, Debug)]
pub struct FramesHandle {
    shared: Arc<Lock<State>>,
}

impl FramesHandle {
    /// How often the body was polled.
    #[must_use]
    pub fn polls(&self) -> usize {
        self.shared.lock().polls
    }

    /// Lets one [`hold`](Frames::hold) go, this one or the next, and wakes the reader.
    pub fn release(&self) {
        let mut state = self.shared.lock();
        state.releases += 1;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether the body was dropped, read to its end or not.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.shared.lock().is_dropped
    }
}
