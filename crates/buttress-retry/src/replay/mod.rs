//! Bodies that can be sent again.

mod body;
mod frames;
mod reel;
mod room;
mod tape;
mod upload;

pub use self::body::ReplayBody;
pub(crate) use self::frames::LEAST as LEAST_KEPT;
pub(crate) use self::reel::Reel;
pub(crate) use self::room::Room;
pub(crate) use self::tape::Lost;
pub use self::upload::Upload;
