#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backoff;
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
mod tag;

pub use self::call::{Argument, Call};
pub use self::error::{ErrorKind, RedisError};
pub use self::meters::CATALOGUE;
pub use self::redis::{Redis, RedisBuilder};
pub use self::reply::Reply;
pub use self::script::Script;
pub use self::settings::RedisSettings;
pub use self::tag::Tag;
