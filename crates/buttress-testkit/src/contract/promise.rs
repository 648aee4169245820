use std::error::Error;
use std::fmt;

use super::rig::Rig;
use super::{Readable, Subject, bodies, calls, panics, readiness};

/// What a layer promises.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Promise {
    /// Pending while the inner service is, ready and awake once it is.
    Readiness,
    /// An error of the inner readiness comes out of `poll_ready`, as it is.
    ReadinessErrors,
    /// Readiness that is never used is given back with the service.
    UnusedReadiness,
    /// The instance that was polled ready is the one that is called, also after a wait in the future;
    /// nothing stays reserved beside it.
    ReadyInstance,
    /// A clone has its own readiness, whatever happens to the original.
    Clones,
    /// A response future that is dropped, polled or not, gives back all it took, and the service goes on.
    DroppedFutures,
    /// An error of the inner service comes out of the future, as it is.
    Errors,
    /// A panic in the inner `call` or future takes nothing with it; it propagates, or becomes a response
    /// if [the layer says so](super::Contract::catches_panics).
    Panics,
    /// Requests at the same time each get their own answer.
    Concurrency,
    /// A refused request does not reach the inner service, its body is not read, and it costs the next
    /// one nothing. Examined if [the layer refuses any](super::Contract::refuses).
    Refusals,
    /// Request bodies are not read ahead; frames, trailers, errors and sizes reach the inner service.
    RequestBody,
    /// Response bodies are not read ahead; frames, trailers, errors and sizes reach the caller.
    ResponseBody,
}

impl Promise {
    pub(super) const ALL: [Self; 12] = [
        Self::Readiness,
        Self::ReadinessErrors,
        Self::UnusedReadiness,
        Self::ReadyInstance,
        Self::Clones,
        Self::DroppedFutures,
        Self::Errors,
        Self::Panics,
        Self::Concurrency,
        Self::Refusals,
        Self::RequestBody,
        Self::ResponseBody,
    ];

    /// Plays the script of this promise.
    pub(super) async fn play<S: Subject, InB: Readable>(
        self,
        rig: Rig<S, InB>,
    ) -> Result<(), String> {
        match self {
            Self::Readiness => readiness::is_the_inner_services(rig).await,
            Self::ReadinessErrors => readiness::fails_as_the_inner_does(rig),
            Self::UnusedReadiness => readiness::is_given_back_unused(rig).await,
            Self::ReadyInstance => calls::spend_the_readiness_they_polled(rig).await,
            Self::Clones => readiness::is_not_cloned(rig).await,
            Self::DroppedFutures => calls::give_back_when_dropped(rig).await,
            Self::Errors => calls::fail_as_the_inner_does(rig).await,
            Self::Panics => panics::leave_nothing_taken(rig).await,
            Self::Concurrency => calls::get_their_own_answers(rig).await,
            Self::Refusals => calls::leave_no_trace_when_refused(rig).await,
            Self::RequestBody => bodies::reach_the_inner_service_untouched(rig).await,
            Self::ResponseBody => bodies::reach_the_caller_untouched(rig).await,
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Readiness => "readiness is the inner service's",
            Self::ReadinessErrors => "errors of readiness pass unchanged",
            Self::UnusedReadiness => "unused readiness is given back",
            Self::ReadyInstance => "the instance polled ready is the one called",
            Self::Clones => "clones are independent",
            Self::DroppedFutures => "a dropped future gives back what it took",
            Self::Errors => "errors of the inner service pass unchanged",
            Self::Panics => "a panic leaves nothing taken",
            Self::Concurrency => "requests at the same time get their own answers",
            Self::Refusals => "a refused request leaves no trace",
            Self::RequestBody => "request bodies pass untouched",
            Self::ResponseBody => "response bodies pass untouched",
        })
    }
}

/// A promise that does not hold, and what showed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    pub(super) promise: Promise,
    pub(super) seen: String,
}

impl Broken {
    /// Which promise it is.
    #[must_use]
    pub fn promise(&self) -> Promise {
        self.promise
    }

    /// What was seen, in words.
    #[must_use]
    pub fn seen(&self) -> &str {
        &self.seen
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the contract is broken: {}: {}", self.promise, self.seen)
    }
}

impl Error for Broken {}
