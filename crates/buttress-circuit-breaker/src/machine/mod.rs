//! The decision itself, without a door: what passes, what moves a breaker, and when.
//!
//! A [`Machine`] does no I/O, knows no clock and no runtime, and tells nobody anything: all of that is [`Outside`].
//! A [`Breaker`](crate::Breaker) is one with a clock, with ears and with a name.

mod around;
mod ended;
mod gate;
mod leases;
#[expect(clippy::module_inception, reason = "it is what the module is about")]
mod machine;
mod operate;
mod order;
mod outside;
mod pass;
mod probing;
mod ramping;
mod snapshot;
mod step;

pub use self::ended::Ended;
pub use self::machine::Machine;
pub use self::outside::Outside;
pub use self::pass::{Pass, Refused};
pub use self::snapshot::Snapshot;
pub use crate::policy::Policy;
pub use crate::table::{KeyedPass, Table, TableUsage};

pub(crate) use self::around::{Around, Counted, Counters};
pub(crate) use self::ended::Verdict;
pub(crate) use self::gate::{Gate, NEARLY, News};
pub(crate) use self::leases::Leases;
pub(crate) use self::pass::Kind;
