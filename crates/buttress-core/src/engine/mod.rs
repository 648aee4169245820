//! How a layer speaks with a store without knowing where that is.
//!
//! - [`Step`]: an answer that is there, or has to be waited for. A store in memory makes no future.
//! - [`Answered`]: what was answered, and by whom.
//! - [`Degrade`]: what to do while a store cannot be asked.
//!
//! A layer over any store waits for what its store waits for. So over a store that is statically in memory it has
//! nothing to wait for, and no room for a wait. How to write a store is told in `buttress_redis::engine`.

mod answered;
mod degrade;
mod step;

pub use self::answered::Answered;
pub use self::degrade::Degrade;
pub use self::step::{Step, StepFuture};
