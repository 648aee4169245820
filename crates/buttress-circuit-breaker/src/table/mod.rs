//! Breakers of many keys, in memory that is taken once.

mod bucket;
mod claim;
mod slot;
#[expect(clippy::module_inception, reason = "it is what the module is about")]
mod table;
mod usage;

pub use self::table::{KeyedPass, Table};
pub use self::usage::TableUsage;
