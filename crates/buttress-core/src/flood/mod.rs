//! What is done against floods: of the same line in the log, and of refusals to one client.

mod clients;
mod due;
mod lines;
mod tally;

pub(crate) use self::clients::Clients;
pub(crate) use self::due::Due;
pub(crate) use self::lines::{Line, Lines};
