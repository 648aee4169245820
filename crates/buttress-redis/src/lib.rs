#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod backoff;
#[cfg(feature = "deadpool")]
mod blocking;
mod builder;
mod call;
mod cluster;
mod command;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
mod connect;
mod ending;
pub mod engine;
mod error;
mod fleet;
mod health;
mod in_flight;
mod late;
mod layout;
mod link;
mod location;
mod meters;
mod node;
#[doc(hidden)]
pub mod parsing;
mod parts;
#[cfg(feature = "deadpool")]
mod pools;
mod redis;
mod reply;
mod said;
mod script;
mod seed;
mod sentinel;
mod settings;
mod source;
pub mod store;
mod subscribe;
mod tag;
mod tls;
mod way;
mod wire;

#[cfg(feature = "deadpool")]
#[cfg_attr(docsrs, doc(cfg(feature = "deadpool")))]
pub use self::blocking::{Blocking, BlockingCall};
pub use self::builder::RedisBuilder;
pub use self::call::{Argument, Call};
pub use self::connect::ConnectError;
pub use self::ending::Ending;
pub use self::error::{ErrorKind, RedisError};
pub use self::meters::CATALOGUE;
pub use self::redis::Redis;
pub use self::reply::Reply;
pub use self::script::Script;
pub use self::settings::RedisSettings;
pub use self::subscribe::{Event, Subscription, Watched};
pub use self::tag::Tag;
pub use self::tls::TlsSettings;
