use std::fmt;

use buttress_circuit_breaker::BreakerTicket;
use buttress_core::outcome::{BodyKind, Judgement, Ticket};
use buttress_overload::bulkhead::Permit;

/// What an attempt has until the end of the body of its answer: the ticket of the breaker, unless the head has said
/// all, and the permit, if it is held for as long.
#[expect(unnameable_types, reason = "it is seen in the type of a body alone")]
pub struct BodyTicket {
    ticket: Option<BreakerTicket>,
    permit: Option<Permit>,
}

impl BodyTicket {
    #[inline]
    pub(super) const fn new(ticket: Option<BreakerTicket>, permit: Option<Permit>) -> Self {
        Self { ticket, permit }
    }
}

impl Ticket for BodyTicket {
    #[inline]
    fn settle(self, judgement: Judgement) {
        if let Some(ticket) = self.ticket {
            ticket.settle(judgement);
        }
    }

    #[inline]
    fn settle_in(place: &mut Option<Self>, judgement: Judgement) {
        if let Some(held) = place {
            BreakerTicket::settle_in(&mut held.ticket, judgement);
        }
        *place = None;
    }

    #[inline]
    fn headed(&mut self) {
        self.ticket.iter_mut().for_each(Ticket::headed);
    }

    #[inline]
    fn headed_by(&mut self, kind: BodyKind) {
        self.ticket.iter_mut().for_each(|ticket| ticket.headed_by(kind));
    }

    #[inline]
    fn progressed(&mut self) {
        self.ticket.iter_mut().for_each(Ticket::progressed);
    }
}

impl fmt::Debug for BodyTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTicket")
            .field("ticket", &self.ticket)
            .field("permit", &self.permit)
            .finish()
    }
}
