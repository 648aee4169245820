//! What a request hands on to the next hop, and back to the last.

use std::sync::atomic::Ordering;

use super::repeats;
use super::request::RequestContext;
use crate::deadline;
use crate::stage::RequestHead;

impl RequestContext {
    /// Carries id, trace and deadline on to the next hop, and that the request is a [repeat](Self::is_repeat) if it is.
    /// Id and trace replace what `request` said of them; of two deadlines the sooner one is sent.
    ///
    /// What is left is sent as `grpc-timeout` to gRPC, else in the header of the settings,
    /// in whole milliseconds; rounded down, so that the next hop never believes to have more time than is
    /// left.
    pub fn propagate(&self, request: &mut dyn RequestHead) {
        let hop = &self.0.hop;
        if let Some(deadline) = self.deadline() {
            let left = deadline.remaining(hop.clock.get().now());
            deadline::shorten(request, left, hop.deadline_header());
        }
        if self.is_repeat() {
            repeats::write(self.0.repeats, request, hop.attempt_header());
        }
        let headers = request.headers_mut();
        // A map that is full carries no id: better than a panic.
        let _ = headers.try_insert(hop.id_header(), self.0.id.header_value());
        self.0.trace.inject(headers);
    }

    /// Whether the client has sent this request before, as it says in `x-request-attempt` or
    /// `grpc-previous-rpc-attempts`.
    ///
    /// What is called for such a request had better not be called twice: the client repeats it already. A client who
    /// lies makes us do less, and never more.
    #[must_use]
    pub fn is_repeat(&self) -> bool {
        self.0.repeats > 0
    }

    /// Says that what was called for this request was repeated in vain, or was not because there had been too many
    /// repeats.
    ///
    /// If the request fails, its answer then asks the client not to try again, for it would all be repeated once more:
    /// `x-no-retry: 1`, and for gRPC a `grpc-retry-pushback-ms` of -1, where the status stands in the head. So over
    /// many hops one of them repeats a call, and not each.
    pub fn mark_retried(&self) {
        self.0.retried.store(true, Ordering::Relaxed);
    }

    /// Whether that [was said](Self::mark_retried).
    #[must_use]
    pub fn was_retried(&self) -> bool {
        self.0.retried.load(Ordering::Relaxed)
    }
}
