//! A breaker for each key: for each endpoint, host, tenant.

mod handle;
mod host;
mod layer;
mod service;

pub use self::handle::BreakerTable;
pub use self::layer::KeyedBreakerLayer;
pub use self::service::KeyedBreaker;

pub(crate) use self::handle::Keyed;
