//! The wall between the network and a handler, as one layer.

mod builder;
#[cfg(feature = "error-envelope")]
mod enveloped;
mod layer;
mod limits;
mod parts;
#[cfg(not(feature = "error-envelope"))]
mod plain;
mod service;
mod settings;

#[cfg(feature = "error-envelope")]
use self::enveloped as wall;
#[cfg(not(feature = "error-envelope"))]
use self::plain as wall;

pub use self::builder::InboundBuilder;
pub use self::layer::Inbound;
pub use self::limits::Limits;
pub use self::service::{InboundService, ResponseFuture};
pub use self::settings::InboundSettings;
