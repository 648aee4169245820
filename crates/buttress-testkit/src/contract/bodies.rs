use std::error::Error;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Body, Frame};

use super::rig::{Rig, land};
use super::{Readable, Subject};
use crate::body::{Frames, FramesHandle};
use crate::mock::MockError;
use crate::poll::Wakes;

pub(super) async fn reach_the_inner_service_untouched<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    for script in Script::ALL {
        let body = script.body();
        let handle = body.handle();
        let (flight, call) = rig.reach(body).await?;
        let (request, call) = call.split();
        script.is_played(request.into_body(), &handle)?;
        call.answer(Response::default());
        land::<S>(flight).await?;
    }
    Ok(())
}

pub(super) async fn reach_the_caller_untouched<S: Subject, InB: Readable>(
    mut rig: Rig<S, InB>,
) -> Result<(), String> {
    for script in Script::ALL {
        let body = script.body();
        let handle = body.handle();
        let (flight, call) = rig.reach(Frames::new()).await?;
        call.answer(Response::new(body));
        let response = land::<S>(flight).await?;
        script.is_played(response.into_body(), &handle)?;
    }
    rig.nothing_is_taken()
}

#[derive(Clone, Copy)]
enum Script {
    /// Data, a pause, data, trailers.
    Stream,
    /// Data, then an error.
    Cut,
    /// Data of which only the first frame is read.
    Unread,
    /// Nothing at all, and known to be nothing: it decides how a response is framed.
    Empty,
    /// Data whose size nobody knows.
    Unsized,
}

impl Script {
    const ALL: [Self; 5] = [Self::Stream, Self::Cut, Self::Unread, Self::Empty, Self::Unsized];

    fn body(self) -> Frames {
        let one = Frames::new().data("one");
        match self {
            Self::Stream => one.hold().data("two").trailers(trailers()),
            Self::Cut => one.fail(cut()),
            Self::Unread => one.data("two"),
            Self::Empty => Frames::new(),
            Self::Unsized => one.of_unknown_size(),
        }
    }

    fn is_played<B: Readable>(self, body: B, handle: &FramesHandle) -> Result<(), String> {
        let polls = handle.polls();
        ensure!(polls == 0, "polled {polls} times before anybody read it");
        let mut reader = Reader { body: Box::pin(body), wakes: Wakes::new() };
        match self {
            Self::Stream => reader.sees_the_stream(handle)?,
            Self::Cut => reader.sees_the_cut()?,
            Self::Unread => reader.sees_data("one")?,
            Self::Empty => reader.sees_nothing()?,
            Self::Unsized => reader.sees_no_size()?,
        }
        drop(reader);
        ensure!(handle.is_dropped(), "the inner body outlives the outer");
        Ok(())
    }
}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from(0))])
}

fn cut() -> MockError {
    MockError::new("cut")
}

struct Reader<B> {
    body: Pin<Box<B>>,
    wakes: Wakes,
}

impl<B: Readable> Reader<B> {
    fn poll(&mut self) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.wakes.enter(|cx| self.body.as_mut().poll_frame(cx))
    }

    fn sees_the_stream(&mut self, handle: &FramesHandle) -> Result<(), String> {
        self.sees_exactly(6)?;
        ensure!(!self.body.is_end_stream(), "it says it has ended before its first frame");
        self.sees_data("one")?;
        let polls = handle.polls();
        ensure!(polls == 1, "polled {polls} times for one frame");
        self.sees_exactly(3)?;

        ensure!(self.poll().is_pending(), "not pending, though the inner body is");
        handle.release();
        ensure!(self.wakes.count() > 0, "the reader is not woken by the next frame");
        self.sees_data("two")?;
        ensure!(!self.body.is_end_stream(), "it says it has ended before its trailers");
        let seen = match self.poll() {
            Poll::Ready(Some(Ok(frame))) => frame.into_trailers().ok(),
            _ => None,
        };
        ensure!(seen.as_ref() == Some(&trailers()), "the trailers became {seen:?}");
        self.sees_nothing()
    }

    fn sees_the_cut(&mut self) -> Result<(), String> {
        self.sees_data("one")?;
        let Poll::Ready(Some(Err(error))) = self.poll() else {
            return Err("the error of the inner body is gone".to_owned());
        };
        let error = error.into();
        ensure!(holds(&*error, &cut()), "the error of the inner body became `{error}`");
        Ok(())
    }

    fn sees_no_size(&mut self) -> Result<(), String> {
        let exact = self.body.size_hint().exact();
        ensure!(exact.is_none(), "the size hint is exact, though nobody knows the size");
        self.sees_data("one")
    }

    fn sees_data(&mut self, expected: &'static str) -> Result<(), String> {
        let seen = match self.poll() {
            Poll::Pending => "nothing yet".to_owned(),
            Poll::Ready(None) => "the end".to_owned(),
            Poll::Ready(Some(Err(error))) => error.into().to_string(),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if data == expected => return Ok(()),
                Ok(data) => format!("{data:?}"),
                Err(frame) => format!("{frame:?}"),
            },
        };
        Err(format!("the frame {expected:?} became {seen}"))
    }

    fn sees_nothing(&mut self) -> Result<(), String> {
        ensure!(self.body.is_end_stream(), "it does not say that it has ended");
        self.sees_exactly(0)?;
        ensure!(matches!(self.poll(), Poll::Ready(None)), "something comes after the end");
        Ok(())
    }

    fn sees_exactly(&mut self, size: u64) -> Result<(), String> {
        match self.body.size_hint().exact() {
            Some(seen) if seen == size => Ok(()),
            Some(seen) => Err(format!("the size hint is exactly {seen}, not {size}")),
            None => Err(format!("the size hint is vague, not exactly {size}")),
        }
    }
}

/// Whether `expected` is the error or one of its sources: body types wrap errors in their own.
fn holds(error: &(dyn Error + 'static), expected: &MockError) -> bool {
    error.downcast_ref() == Some(expected)
        || error.source().is_some_and(|source| holds(source, expected))
}
