use buttress_core::Deadline;
use buttress_core::clock::{Clock, Moment};
use buttress_core::deadline::Wire;
use buttress_core::outcome::{AsError, Wants};
use buttress_core::stage::{Keep, Rewrap};
use http::Request;

/// Where the deadline of a request is found, and where it is told on: [`Rewrap`] and [`Keep`] for HTTP, [`AsError`] for
/// anything else.
///
/// Sealed: these are all there are.
pub trait Mode<Req>: sealed::Sealed {
    /// The deadline that the request has, with the scope around.
    fn said(request: &Req, clock: &dyn Clock, now: Moment, to: &Told) -> Option<Deadline>;

    /// Tells it on.
    fn tell(request: &mut Req, deadline: Deadline, now: Moment, to: &Told);
}

/// Whom a deadline is told, beside those who ask for the current one.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub(super) wire: Option<Wire>,
    /// Where it is written already, if somebody has told the next hop before.
    pub(super) read: Wire,
    pub(super) in_extensions: bool,
}

impl Told {
    /// Whether anything is told with such a request.
    #[inline]
    pub(super) fn concerns(&self, wants: Wants) -> bool {
        self.in_extensions || self.wire.as_ref().is_some_and(|wire| wire.concerns(wants))
    }
}

/// It may stand in a header alone: the context of a request writes it on what is sent for it.
#[inline]
fn of_http<B>(request: &Request<B>, clock: &dyn Clock, now: Moment, to: &Told) -> Option<Deadline> {
    let of_request = Deadline::of(request, clock);
    if request.headers().is_empty() {
        return of_request;
    }
    sooner(of_request, to.read.read(request, now))
}

/// The sooner of two, of which each may be missing.
#[inline]
pub(super) fn sooner(one: Option<Deadline>, other: Option<Deadline>) -> Option<Deadline> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.or_sooner(other)),
        (one, other) => one.or(other),
    }
}

#[inline]
fn tell_http<B>(request: &mut Request<B>, deadline: Deadline, now: Moment, to: &Told) {
    if let Some(wire) = &to.wire {
        wire.write(deadline, request, now);
    }
    if to.in_extensions {
        request.extensions_mut().insert(deadline);
    }
}

macro_rules! for_http {
    ($($mode:ident)*) => {$(
        impl<B> Mode<Request<B>> for $mode {
            #[inline]
            fn said(
                request: &Request<B>,
                clock: &dyn Clock,
                now: Moment,
                to: &Told,
            ) -> Option<Deadline> {
                of_http(request, clock, now, to)
            }

            #[inline]
            fn tell(request: &mut Request<B>, deadline: Deadline, now: Moment, to: &Told) {
                tell_http(request, deadline, now, to);
            }
        }
    )*};
}

for_http!(Rewrap Keep);

impl<Req> Mode<Req> for AsError {
    #[inline]
    fn said(_: &Req, _: &dyn Clock, _: Moment, _: &Told) -> Option<Deadline> {
        Deadline::current()
    }

    #[inline]
    fn tell(_: &mut Req, _: Deadline, _: Moment, _: &Told) {}
}

mod sealed {
    use super::{AsError, Keep, Rewrap};

    #[expect(unnameable_types, reason = "so nobody else can implement it")]
    pub trait Sealed {}

    impl Sealed for Rewrap {}
    impl Sealed for Keep {}
    impl Sealed for AsError {}
}
