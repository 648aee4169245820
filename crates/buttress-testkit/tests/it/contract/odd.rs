//! What the faulty layer gives out: a future and a body, each as wrong as the fault says.

use std::future::Future;
use std::mem::{forget, replace};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;
use buttress_testkit::body::Frames;
use buttress_testkit::mock::MockError;
use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};

use super::faulty::{Answering, Fault, sorry};

pub(super) struct OddFuture {
    pub(super) fault: Fault,
    pub(super) inner: Option<Pin<Box<Answering>>>,
    pub(super) polls: usize,
    pub(super) has_panicked: bool,
    pub(super) first_mark: Arc<Lock<Option<HeaderValue>>>,
}

impl OddFuture {
    fn odd(&self, mut response: Response<Frames>) -> Response<OddBody> {
        if let Some(mark) = response.headers_mut().get_mut("x-contract-mark")
            && self.fault == Fault::MixesAnswers
        {
            let mut first = self.first_mark.lock();
            *mark = first.get_or_insert_with(|| mark.clone()).clone();
        }
        response.map(|inner| {
            let mut body = OddBody { fault: self.fault, inner, ahead: None };
            if self.fault == Fault::ReadsTheFirstFrame {
                body.ahead = Some(body.poll_inner(&mut Context::from_waker(Waker::noop())));
            }
            body
        })
    }
}

impl Future for OddFuture {
    type Output = Result<Response<OddBody>, MockError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls += 1;
        let inner = self.inner.as_mut().expect("not polled after the answer");
        let polled = catch_unwind(AssertUnwindSafe(|| inner.as_mut().poll(cx)));
        let answer = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => answer,
            Err(_) if self.fault == Fault::CatchesPanics => Ok(sorry()),
            Err(panic) => {
                self.has_panicked = true;
                resume_unwind(panic);
            }
        };
        self.inner = None;
        Poll::Ready(match answer {
            Err(_) if self.fault == Fault::SwallowsErrors => Ok(self.odd(sorry())),
            answer => answer.map(|response| self.odd(response)),
        })
    }
}

impl Drop for OddFuture {
    fn drop(&mut self) {
        let is_leaked = match self.fault {
            Fault::LeaksUnpolled => self.polls == 0,
            Fault::LeaksWhenDropped => self.polls > 1 && !self.has_panicked,
            Fault::KeepsWhatPanicked => self.has_panicked,
            _ => false,
        };
        if is_leaked {
            forget(self.inner.take());
        }
    }
}

pub(super) struct OddBody {
    fault: Fault,
    inner: Frames,
    ahead: Option<Polled>,
}

type Polled = Poll<Option<Result<Frame<Bytes>, MockError>>>;

impl OddBody {
    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Polled {
        Pin::new(&mut self.inner).poll_frame(cx)
    }
}

impl Body for OddBody {
    type Data = Bytes;
    type Error = MockError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let polled = match self.ahead.take() {
            Some(Poll::Ready(ahead)) => Poll::Ready(ahead),
            _ if self.fault == Fault::LosesTheReader => {
                self.poll_inner(&mut Context::from_waker(Waker::noop()))
            }
            _ => self.poll_inner(cx),
        };
        match (self.fault, polled) {
            (Fault::DropsTrailers, Poll::Ready(Some(Ok(frame)))) if frame.is_trailers() => {
                Poll::Ready(None)
            }
            (Fault::ReplacesBodyErrors, Poll::Ready(Some(Err(_)))) => {
                Poll::Ready(Some(Err("sorry".into())))
            }
            (Fault::ReadsOneFrameAhead, Poll::Ready(Some(Ok(frame)))) => {
                self.ahead = Some(self.poll_inner(cx));
                Poll::Ready(Some(Ok(frame)))
            }
            (_, polled) => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.fault != Fault::HidesTheEnd && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.fault {
            // Right for what is read ahead: only the reading is wrong.
            Fault::ReadsTheFirstFrame if self.ahead.is_some() => SizeHint::with_exact(6),
            Fault::HidesTheSize => SizeHint::default(),
            _ => self.inner.size_hint(),
        }
    }
}

impl Drop for OddBody {
    fn drop(&mut self) {
        if self.fault == Fault::KeepsTheBody {
            forget(replace(&mut self.inner, Frames::new()));
        }
    }
}
