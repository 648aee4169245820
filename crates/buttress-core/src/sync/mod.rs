//! What threads share: the one lock of the family, and what many hold.

mod lock;
pub(crate) mod parts;
mod shared;

pub use self::lock::Lock;
pub use self::shared::Shared;
