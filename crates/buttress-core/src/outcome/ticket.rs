use super::{BodyKind, Judgement};

/// What a layer wants to learn of one call. To drop it unsettled means that the caller went away.
///
/// It goes from the call into the body of the response, if only that shows how the call ended: see
/// [`JudgedBody`](super::JudgedBody), with an example.
pub trait Ticket: Send + 'static {
    /// The call has ended, and this is known of it.
    fn settle(self, judgement: Judgement);

    /// The same for a ticket that stands somewhere: that place is empty then. Who can end without being moved does so
    /// here.
    #[inline]
    fn settle_in(place: &mut Option<Self>, judgement: Judgement)
    where
        Self: Sized,
    {
        if let Some(ticket) = place.take() {
            ticket.settle(judgement);
        }
    }

    /// The head of the response is there, and its body decides. What is slow is measured up to here.
    fn headed(&mut self) {}

    /// The same, and the body is of this kind: who wants to know that, hears of it here. By default it is not heard.
    fn headed_by(&mut self, kind: BodyKind) {
        let _ = kind;
        self.headed();
    }

    /// The first data of the body has come.
    fn progressed(&mut self) {}
}

/// Of calls of which nobody wants to learn anything.
impl Ticket for () {
    fn settle(self, _: Judgement) {}
}
