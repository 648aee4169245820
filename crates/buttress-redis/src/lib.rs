#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backoff;
#[cfg(feature = "deadpool")]
mod blocking;
mod call;
mod command;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
pub mod engine;
mod error;
mod in_flight;
mod link;
mod location;
mod meters;
mod node;
mod redis;
mod reply;
mod said;
mod script;
mod seed;
mod settings;
pub mod store;
mod subscribe;
mod tag;
mod tls;

#[cfg(feature = "deadpool")]
#[cfg_attr(docsrs, doc(cfg(feature = "deadpool")))]
pub use self::blocking::{Blocking, BlockingCall};
pub use self::call::{Argument, Call};
pub use self::error::{ErrorKind, RedisError};
pub use self::meters::CATALOGUE;
pub use self::redis::{Redis, RedisBuilder};
pub use self::reply::Reply;
pub use self::script::Script;
pub use self::settings::RedisSettings;
pub use self::subscribe::{Event, Subscription, Watched};
pub use self::tag::Tag;
pub use self::tls::TlsSettings;
