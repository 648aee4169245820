//! What stands between a handler and what it depends on, as one layer.

mod builder;
mod check;
mod layer;
mod maybe;
mod parts;
#[cfg(feature = "reqwest")]
mod reqwest;
mod service;
mod settings;
mod timer;
#[cfg(feature = "tonic")]
mod tonic;

pub use self::builder::OutboundBuilder;
pub use self::layer::Outbound;
pub use self::parts::OutboundBody;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{Reqwest, ReqwestFuture};
pub use self::service::{OutboundService, ResponseFuture};
pub use self::settings::OutboundSettings;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub use self::tonic::TonicBodies;
