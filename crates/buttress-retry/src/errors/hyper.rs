use std::error::Error;

use buttress_core::outcome::{Judgement, Outcome, Reached, ReadError};
use h2::Reason;

/// Knows of the errors of hyper, hyper-util and h2 which of them prove that nobody has begun to work on a request, and
/// which say nothing of whom it was for.
///
/// | what happened | it is a |
/// |---|---|
/// | no connection could be made | failure, unsent |
/// | the connection was about to close before the request was written | ignored call, unsent |
/// | the other side refused the stream (`REFUSED_STREAM`) | ignored call, unprocessed |
/// | the other side goes away, and says that it has not seen the request (`GOAWAY`) | ignored call, unprocessed |
/// | the body of the request broke off, or hyper or hyper-util call it the fault of their user, as a URI without a host | ignored call, which is not repeated |
///
/// Of anything else it says nothing, so that it counts as a failure that may have been worked on.
///
/// ```
/// use std::sync::Arc;
///
/// use buttress_core::outcome::HttpClassify;
/// use buttress_retry::Retry;
/// use buttress_retry::errors::HyperErrors;
///
/// let classify = HttpClassify::new().also(Arc::new(HyperErrors));
/// let retry = Retry::up_to(3).classify(classify);
/// assert_eq!(retry.tries(), 3);
/// ```
///
/// It knows them by their types, so they have to be those of hyper 1, hyper-util 0.1 and h2 0.4: of others it says
/// nothing.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct HyperErrors;

impl ReadError for HyperErrors {
    fn read(&self, error: &(dyn Error + 'static)) -> Option<Judgement> {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            let unsent = error.is_connect().then_some(unsent(Outcome::Failure));
            return unsent.or_else(|| is_of_the_user(error).then_some(NO_NEWS));
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            // Only of a request that had not left the queue of its connection.
            let unsent = error.is_canceled().then_some(unsent(Outcome::Ignored));
            return unsent.or_else(|| error.is_user().then_some(NO_NEWS));
        }
        let error: &h2::Error = error.downcast_ref()?;
        let unsent = is_untouched(error).then_some(unsent(Outcome::Ignored));
        unsent.or_else(|| is_of_the_caller(error).then_some(NO_NEWS))
    }
}

/// A request that cannot be sent as it is: a URI without a host, a version or a method that its connection does not
/// have. It was never sent, and never will be.
///
/// These kinds have no method by which to ask for them, and no error behind them. So it goes by how they are printed,
/// where all of them, and no others, are called `User…`; a test asks the library itself for each.
fn is_of_the_user(error: &hyper_util::client::legacy::Error) -> bool {
    error.source().is_none() && format!("{error:?}").contains("(User")
}

/// What h2 resets by itself says nothing, so it has to have come from the other side. Of a `GOAWAY` that came from
/// there, h2 tells those streams alone that the other side has not seen.
fn is_untouched(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    error.is_remote() && (is_refused || error.is_go_away())
}

/// A stream that was reset on this side, and not by h2: hyper does that where the body of a request breaks off.
fn is_of_the_caller(error: &h2::Error) -> bool {
    error.is_reset() && !error.is_remote() && !error.is_library()
}

/// Who asked has made it fail.
const NO_NEWS: Judgement = Judgement::new(Outcome::Ignored).with_reached(Reached::Perhaps);

fn unsent(outcome: Outcome) -> Judgement {
    Judgement::new(outcome).with_reached(Reached::No)
}
