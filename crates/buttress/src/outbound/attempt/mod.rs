//! One attempt: circuit breaker, bulkhead and timeout in one service. A future that is put into a future is moved, and
//! an answer that goes through three hands is moved three times: that would cost more than the three decide.

mod admitted;
mod asked;
mod body_ticket;
mod call;
mod future;
mod gated;
mod limits;
mod made;
mod service;
mod unwinding;

pub(super) use self::body_ticket::BodyTicket;
pub(super) use self::future::AttemptFuture;
pub(super) use self::gated::Gated;
pub(super) use self::limits::Limits;
pub(super) use self::made::Attempt;
pub(super) use self::service::Attempts;
