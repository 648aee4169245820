use super::attempt::Gated;
use super::parts::{BehindGuards, Repeated};

/// How a call gets to the client, once it has a deadline.
#[derive(Clone, Debug)]
pub(super) enum Way<S> {
    /// The wall makes the first attempt itself.
    Straight(Gated<S>),
    /// The retry does: it hedges, or each attempt has a span.
    Attended(Repeated<S>),
    /// Somebody may turn it away before.
    Guarded(BehindGuards<S>),
}
