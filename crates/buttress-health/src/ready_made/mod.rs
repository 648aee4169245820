//! Checks for what most services depend on, and the way to run checks on tokio.

mod asking;
mod connect;
#[cfg(all(feature = "disk", unix))]
mod disk;
#[cfg(feature = "http")]
mod head;
#[cfg(feature = "http")]
mod http;
mod running;
mod tcp;

#[cfg(feature = "http")]
pub use self::head::{AnswerHead, MalformedAnswer};
pub use self::running::Running;
