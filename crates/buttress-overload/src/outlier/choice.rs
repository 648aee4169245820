use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_core::outcome::Outcome;
use tower_service::Service;

use super::endpoints::{Endpoints, Members};
use super::{Outliers, Seat};

/// Which endpoint is called next, as far as that is known.
pub(super) struct Choice<S> {
    /// The list as it was when it was looked at last.
    members: Members<S>,
    /// How many changes that was after.
    seen: u64,
    ready: Ready<S>,
    /// Those that were asked and will wake whoever asked.
    asked: Vec<(usize, S)>,
}

/// What the next call goes to.
pub(super) enum Ready<S> {
    NotYet,
    /// The instance that is ready, and of which endpoint it is.
    Endpoint(usize, S),
    /// There is no endpoint: the call is refused, also if there is one by then. It was not polled ready.
    Nobody,
}

impl<S> Choice<S> {
    pub(super) fn new(endpoints: &Endpoints<S>) -> Self {
        // Before the list, so that no change of it is overlooked.
        let seen = endpoints.outliers().changes();
        Self { members: endpoints.members(), seen, ready: Ready::NotYet, asked: Vec::new() }
    }

    /// The same, with nothing ready.
    pub(super) fn anew(&self) -> Self {
        let (members, seen) = (self.members.clone(), self.seen);
        Self { members, seen, ready: Ready::NotYet, asked: Vec::new() }
    }

    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Looks at the list, if it has changed, and forgets who has gone.
    #[inline]
    pub(super) fn catch_up(&mut self, endpoints: &Endpoints<S>) {
        let changes = endpoints.outliers().changes();
        if changes != self.seen {
            self.seen = changes;
            self.look(endpoints.members());
        }
    }

    #[cold]
    fn look(&mut self, members: Members<S>) {
        let old = std::mem::replace(&mut self.members, members);
        self.asked.retain(|(at, _)| is_same(&old, &self.members, *at));
        if matches!(&self.ready, Ready::Endpoint(at, _) if !is_same(&old, &self.members, *at)) {
            self.ready = Ready::NotYet;
        }
    }

    /// Whether somebody is ready who is not left out.
    #[inline]
    pub(super) fn is_ready(&self, outliers: &Outliers) -> bool {
        matches!(&self.ready, Ready::Endpoint(at, _) if !outliers.is_left_out(*at))
    }

    /// What the next call goes to, and where that is told how it ended.
    pub(super) fn take(&mut self, endpoints: &Endpoints<S>) -> (Ready<S>, Option<Seat>) {
        let ready = std::mem::replace(&mut self.ready, Ready::NotYet);
        let Ready::Endpoint(at, _) = &ready else { return (ready, None) };
        let seat = endpoints.outliers().enter(*at);
        // After the seat is taken, so that it is not that of another one who has got the number.
        let stays = endpoints.outliers().changes() == self.seen
            || is_same(&self.members, &endpoints.members(), *at);
        (ready, stays.then_some(seat))
    }
}

impl<S: Clone> Choice<S> {
    /// Asks those that are not ready yet, and then whose turn it is.
    pub(super) fn poll<Req>(
        &mut self,
        outliers: &Outliers,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), S::Error>>
    where
        S: Service<Req>,
    {
        let mut asked = std::mem::take(&mut self.asked);
        // Who was left out since is not waited for any more.
        asked.retain(|(at, _)| !outliers.is_left_out(*at));
        let known: Vec<usize> = asked.iter().map(|(at, _)| *at).collect();
        let members = &self.members;
        let others = outliers.in_turn().filter(|at| !known.contains(at));
        let others = others.filter_map(|at| Some((at, S::clone(members.get(at)?.as_ref()?))));

        self.ready = Ready::NotYet;
        let mut failure = None;
        for (at, mut service) in asked.into_iter().chain(others) {
            match service.poll_ready(cx) {
                Poll::Ready(Ok(())) => {
                    self.asked.clear();
                    self.ready = Ready::Endpoint(at, service);
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending => self.asked.push((at, service)),
                Poll::Ready(Err(error)) => {
                    outliers.enter(at).settle(Outcome::Failure);
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if self.asked.is_empty() => Poll::Ready(Err(error)),
            None if self.members.iter().all(Option::is_none) => {
                self.ready = Ready::Nobody;
                Poll::Ready(Ok(()))
            }
            // Perhaps there was nobody to be asked, as who is left out changed meanwhile: whoever waits hears of that.
            _ => Poll::Pending,
        }
    }
}

/// Whether it is the same endpoint, here and there, that has this number.
fn is_same<S>(old: &Members<S>, new: &Members<S>, at: usize) -> bool {
    match (old.get(at), new.get(at)) {
        (Some(Some(old)), Some(Some(new))) => Arc::ptr_eq(old, new),
        _ => false,
    }
}
