//! What stands between the network and a handler, as one layer.

mod builder;
mod layer;
mod parts;
mod service;
mod settings;

pub use self::builder::InboundBuilder;
pub use self::layer::Inbound;
pub use self::service::{InboundService, ResponseFuture};
pub use self::settings::InboundSettings;
