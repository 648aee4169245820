//! Errors of a service as answers: for what fails with an error instead of a response.

mod future;
mod layer;
mod service;
#[cfg(feature = "tower")]
mod tower;

pub use self::future::ErrorsFuture;
pub use self::layer::ErrorsLayer;
pub use self::service::Errors;
#[cfg(feature = "tower")]
pub use self::tower::problem_of;
