//! What others tell through the server.

mod inbox;
mod keeper;
mod queue;
mod subscription;
mod watched;

pub(crate) use self::inbox::Heard;
pub use self::subscription::{Event, Subscription};
pub use self::watched::Watched;
