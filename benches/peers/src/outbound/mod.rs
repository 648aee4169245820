//! What stands between a handler and its dependency, by tower itself and by three other crates.
//!
//! Each does what ours does in the same group, as far as it can; where it does less, the row's function says so. None
//! of them looks at how a body ends, so all judge by the head.

mod breaker;
mod limits;
mod retry;
mod small;
mod wall;

use std::convert::Infallible;

use buttress_benches::Case;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;

pub(crate) type Asked = Request<Full<Bytes>>;
pub(crate) type Answer = Response<Full<Bytes>>;
pub(crate) type Answered = Result<Answer, Infallible>;

const RESILIENCE: &str = "tower-resilience 0.14";
const SEATBELT: &str = "seatbelt 0.11";

pub(crate) fn cases() -> Vec<Case> {
    [breaker::cases(), retry::cases(), limits::cases(), wall::cases(), small::cases()]
        .into_iter()
        .flatten()
        .collect()
}

fn is_failure(answer: &Answer) -> bool {
    matches!(answer.status().as_u16(), 408 | 429 | 500 | 502..=504)
}

/// The same in the words of seatbelt.
fn recovery(answered: &Answered) -> RecoveryInfo {
    match answered {
        Ok(answer) if is_failure(answer) => RecoveryInfo::retry(),
        _ => RecoveryInfo::never(),
    }
}

fn instead(status: StatusCode) -> Answered {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    Ok(answer)
}

/// There must be a runtime around.
fn context() -> ResilienceContext<Asked, Answered> {
    ResilienceContext::new(Clock::new_tokio())
}
