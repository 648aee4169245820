//! Breakers of many keys, in memory that is taken once.

mod bucket;
mod change;
mod check;
mod claim;
mod cut;
mod operate;
mod pass;
mod places;
mod slot;
#[expect(clippy::module_inception, reason = "it is what the module is about")]
mod table;
mod usage;

pub(crate) use self::check::check;
pub use self::pass::KeyedPass;
pub use self::table::Table;
pub use self::usage::TableUsage;
