//! The shell around stages, and the ways to put stages together.

mod composition;
mod contract;
mod cost;
mod flow;
mod panics;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use buttress_core::stage::{
    Answer, Decision, DecisionOf, Gate, RequestHead, ResponseHead, Stage, Waited,
};
use buttress_core::sync::Lock;
use buttress_core::{Code, Problem};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};

/// What happened, in order.
#[derive(Clone, Default)]
pub struct Log(Arc<Lock<Vec<String>>>);

impl Log {
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().push(what.into());
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

/// Counts who is inside; a request that leaves in any way is counted out again.
#[derive(Clone, Default)]
pub struct Flights {
    pub inside: Arc<AtomicI64>,
    pub left: Arc<AtomicUsize>,
    pub failed: Arc<AtomicUsize>,
}

pub struct Flight(Arc<AtomicI64>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Flights {
    pub fn inside(&self) -> i64 {
        self.inside.load(Ordering::SeqCst)
    }

    pub fn ended(&self) -> (usize, usize) {
        (self.left.load(Ordering::SeqCst), self.failed.load(Ordering::SeqCst))
    }
}

impl Stage for Flights {
    type Memo = Flight;
    type Wait = buttress_core::stage::Never;

    fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        Decision::Pass(Flight(self.inside.clone()))
    }

    fn resume(&self, never: Waited<Self>, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        match never {}
    }

    fn leave(&self, _: Flight, _: &mut dyn ResponseHead) {
        self.left.fetch_add(1, Ordering::SeqCst);
    }

    fn failed(&self, _: Flight) {
        self.failed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Notes its name on the way in and on the way out, and as a header on the response.
pub struct Named(pub &'static str, pub Log);

impl Gate for Named {
    type Memo = ();

    fn enter(&self, _: &mut dyn RequestHead) -> Result<(), Problem> {
        self.1.note(format!("enter {}", self.0));
        Ok(())
    }

    fn leave(&self, (): (), response: &mut dyn ResponseHead) {
        self.1.note(format!("leave {}", self.0));
        response.headers_mut().append("x-left", HeaderValue::from_static(self.0));
    }
}

/// Yields once, then does what the header of its name asks for.
///
/// `pass` (the default), `refuse`, `answer`, `again` (wait once more, then pass), `keep` (refuse, with a
/// memo), `panic`.
pub struct Waits(pub &'static str);

impl Waits {
    fn wish(&self, headers: &HeaderMap) -> String {
        let wish = headers.get(self.0).and_then(|wish| wish.to_str().ok());
        wish.unwrap_or("pass").to_owned()
    }
}

impl Stage for Waits {
    type Memo = &'static str;
    type Wait = YieldOnce;

    fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        Decision::Wait(YieldOnce::default())
    }

    fn resume(&self, (): (), request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match &*self.wish(request.headers()) {
            "refuse" => Decision::Refuse(Problem::new(Code::FORBIDDEN), None),
            "keep" => Decision::Refuse(Problem::new(Code::FORBIDDEN), Some("kept")),
            "answer" => Decision::Answer(no_content(), Some("answered")),
            "panic" => panic!("the stage panicked"),
            "again" => {
                request.headers_mut().remove(self.0);
                Decision::Wait(YieldOnce::default())
            }
            _ => Decision::Pass("passed"),
        }
    }

    fn leave(&self, memo: &'static str, response: &mut dyn ResponseHead) {
        response.headers_mut().append("x-waited", HeaderValue::from_static(memo));
    }
}

/// Pending at the first poll, ready at the second.
#[derive(Default)]
pub struct YieldOnce {
    polled: bool,
}

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

pub fn no_content() -> Answer {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = http::StatusCode::NO_CONTENT;
    response.into()
}

pub fn asking<B: Default>(name: &'static str, wish: &'static str) -> Request<B> {
    let mut request = Request::new(B::default());
    request.headers_mut().insert(name, HeaderValue::from_static(wish));
    request
}

pub fn left<B>(response: &Response<B>) -> Vec<&str> {
    response.headers().get_all("x-left").iter().map(|name| name.to_str().unwrap()).collect()
}
