//! What several modules ask with.

use std::net::SocketAddr;
use std::time::Duration;

use buttress_core::clock::ManualClock;
use buttress_core::engine::Step;
use buttress_core::stage::{Decision, Never, RequestHead, Stage};
use buttress_core::{Context, Principal, Problem};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::{LimitMemo, LimitStage, RateLimit, RateLimitBuilder, Verdict};
use bytes::Bytes;
use http::{Request, Response};

pub const SECOND: Duration = Duration::from_secs(1);

/// In memory, on this clock.
pub fn on(clock: &ManualClock) -> RateLimitBuilder {
    RateLimit::builder()
        .engine(Memory::with_capacity(256).clock(clock.clone()))
        .clock(clock.clone())
}

/// From this address.
pub fn from(peer: &str) -> Request<()> {
    of(Request::get("/").body(()).unwrap(), peer)
}

pub fn of(mut request: Request<()>, peer: &str) -> Request<()> {
    let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
    request.extensions_mut().insert(peer);
    request
}

/// With a context, and known to be this one.
pub fn known(mut request: Request<()>, principal: &str) -> Request<()> {
    // The context keeps nothing that its memo would give back.
    drop(Context::default().enter(&mut request));
    let context = request.context().unwrap();
    assert!(context.set_principal(Principal::new(principal)));
    request
}

/// What became of a request.
#[derive(Debug)]
pub enum Seen {
    Passed(LimitMemo<Memory>),
    Refused(Problem, Option<LimitMemo<Memory>>),
}

impl Seen {
    pub fn passed(self) -> LimitMemo<Memory> {
        match self {
            Self::Passed(memo) => memo,
            Self::Refused(problem, _) => panic!("refused: {problem}"),
        }
    }

    pub fn problem(self) -> Problem {
        match self {
            Self::Refused(problem, _) => problem,
            Self::Passed(_) => panic!("it passed"),
        }
    }

    pub fn is_passed(&self) -> bool {
        matches!(self, Self::Passed(_))
    }
}

pub fn enter(stage: &LimitStage<Memory>, request: &mut Request<()>) -> Seen {
    match stage.enter(request) {
        Decision::Pass(memo) => Seen::Passed(memo),
        Decision::Refuse(problem, memo) => Seen::Refused(problem, memo),
        Decision::Answer(..) => panic!("it answers nothing"),
    }
}

/// A request that is answered with this status.
pub fn answered(stage: &LimitStage<Memory>, mut request: Request<()>, status: u16) -> bool {
    match enter(stage, &mut request) {
        Seen::Passed(memo) => {
            stage.leave(memo, &mut response(status));
            true
        }
        Seen::Refused(..) => false,
    }
}

pub fn response(status: u16) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::new()).unwrap()
}

/// How many of these pass, one after another.
pub fn passing(stage: &LimitStage<Memory>, request: impl Fn() -> Request<()>, of: usize) -> usize {
    (0..of).filter(|_| answered(stage, request(), 200)).count()
}

pub fn now(step: Step<Verdict, Never>) -> Verdict {
    let Step::Now(verdict) = step;
    verdict
}

/// How much is left of a policy for the key that this writes.
pub fn left(limits: &RateLimit, policy: &str, key: buttress_core::Key) -> u32 {
    now(limits.peek(policy, key).unwrap()).standings()[0].remaining()
}
