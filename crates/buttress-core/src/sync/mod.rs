//! What threads share: the one lock of the family, what many hold, and what each thread has a part of.

mod lock;
pub(crate) mod parts;
mod place;
mod shared;
mod striped;

pub use self::lock::Lock;
#[cfg(buttress_loom)]
pub use self::place::deal_stripes_by;
pub use self::shared::Shared;
pub use self::striped::Striped;
