use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use super::state::{Behaviour, Gate, Shared};
use super::{Call, Counts, MockError};

/// The test's hand on a [`Mock`](super::Mock) and all its clones. Made by [`service`](super::service).
///
/// What it says holds from then on, until it says something else; calls that were taken before keep the
/// behaviour that they were taken with.
pub struct Handle<ReqB, ResB = Full<Bytes>, E = MockError> {
    pub(super) shared: Arc<Shared<ReqB, ResB, E>>,
}

/// Readiness. A change wakes every task that waits for it.
impl<ReqB, ResB, E> Handle<ReqB, ResB, E> {
    /// Grants readiness to whoever asks.
    pub fn ready(&self) {
        self.shared.change(|state| state.gate = Gate::Open);
    }

    /// Grants no readiness; what was granted stays.
    pub fn pending(&self) {
        self.shared.change(|state| state.gate = Gate::Shut);
    }

    /// Answers every poll for readiness with `error`.
    pub fn fail_readiness(&self, error: impl Into<E>) {
        self.shared.change(|state| state.gate = Gate::Failing(error.into()));
    }

    /// Lets at most `most` be reserved or in flight at once: who leaks one waits for ever.
    ///
    /// ```
    /// use buttress_testkit::{mock, poll};
    /// use tower::ServiceExt;
    ///
    /// let (mut first, inner) = mock::service::<()>();
    /// let mut second = first.clone();
    /// inner.capacity(1);
    ///
    /// poll::assert_ready(first.ready()).unwrap();
    /// poll::assert_pending(second.ready());
    /// drop(first);
    /// poll::assert_ready(second.ready()).unwrap();
    /// ```
    pub fn capacity(&self, most: u64) {
        self.shared.change(|state| state.capacity = most);
    }
}

/// Calls.
impl<ReqB, ResB, E> Handle<ReqB, ResB, E> {
    /// Answers `200 OK` with an empty body at once, as in the beginning.
    pub fn answer(&self)
    where
        ResB: Default,
    {
        self.behave(Behaviour::default_answer());
    }

    /// Answers at once with what `respond` makes of the request.
    ///
    /// ```
    /// use buttress_testkit::{mock, poll};
    /// use http::{Request, Response};
    /// use tower::ServiceExt;
    ///
    /// let (service, inner) = mock::service();
    /// inner.answer_with(|request: Request<String>| match request.body().as_str() {
    ///     "" => Err("nothing was said".into()),
    ///     words => Ok(Response::new(words.to_uppercase().into())),
    /// });
    ///
    /// let answer = poll::assert_ready(service.oneshot(Request::new(String::new())));
    /// assert_eq!(answer.unwrap_err().to_string(), "nothing was said");
    /// ```
    pub fn answer_with(
        &self,
        respond: impl Fn(Request<ReqB>) -> Result<Response<ResB>, E> + Send + Sync + 'static,
    ) {
        self.behave(Behaviour::Answer(Box::new(respond)));
    }

    /// Answers with `error` at once.
    pub fn fail(&self, error: impl Into<E>)
    where
        E: Clone + Send + Sync + 'static,
    {
        let error = error.into();
        self.answer_with(move |_| Err(error.clone()));
    }

    /// Keeps calls until the test takes them, with [`take_call`](Self::take_call) or
    /// [`next_call`](Self::next_call).
    pub fn hold(&self) {
        self.behave(Behaviour::Hold);
    }

    /// Takes calls and never answers.
    pub fn never_answer(&self) {
        self.behave(Behaviour::Never);
    }

    /// Panics when called.
    pub fn panic_in_call(&self) {
        self.behave(Behaviour::PanicInCall);
    }

    /// Panics when the response future is polled.
    pub fn panic_in_poll(&self) {
        self.behave(Behaviour::PanicInPoll);
    }

    /// The oldest call that is held, if there is one.
    #[must_use = "a call that is dropped is never answered"]
    pub fn take_call(&self) -> Option<Call<ReqB, ResB, E>> {
        self.shared.lock().held.pop_front()
    }

    /// The oldest call that is held; waits for one.
    pub async fn next_call(&self) -> Call<ReqB, ResB, E> {
        poll_fn(|cx| self.poll_call(cx)).await
    }

    /// The oldest call that is held; wakes the task when there is one.
    pub fn poll_call(&self, cx: &mut Context<'_>) -> Poll<Call<ReqB, ResB, E>> {
        let mut state = self.shared.lock();
        if let Some(call) = state.held.pop_front() {
            return Poll::Ready(call);
        }
        state.watchers.push(cx.waker().clone());
        Poll::Pending
    }

    fn behave(&self, behaviour: Behaviour<ReqB, ResB, E>) {
        let behaviour = Arc::new(behaviour);
        // The old one is dropped after the lock: it may own anything.
        let _old = self.shared.change(|state| std::mem::replace(&mut state.behaviour, behaviour));
    }
}

/// What was seen.
impl<ReqB, ResB, E> Handle<ReqB, ResB, E> {
    /// What has happened so far.
    ///
    /// ```
    /// use buttress_testkit::{mock, poll};
    /// use tower::ServiceExt;
    ///
    /// let (mut service, inner) = mock::service::<()>();
    /// poll::assert_ready(service.ready()).unwrap();
    /// assert_eq!(inner.counts().reservations, 1);
    ///
    /// drop(service);
    /// assert_eq!((inner.counts().reservations, inner.counts().instances()), (0, 0));
    /// ```
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }
}

impl<ReqB, ResB, E> Clone for Handle<ReqB, ResB, E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<ReqB, ResB, E> fmt::Debug for Handle<ReqB, ResB, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
