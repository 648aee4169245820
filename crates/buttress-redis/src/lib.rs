#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backoff;
mod call;
mod cluster;
mod command;
mod error;
mod fleet;
mod health;
mod in_flight;
mod layout;
mod link;
mod location;
mod meters;
mod node;
mod redis;
mod reply;
mod said;
mod script;
mod sentinel;
mod settings;
mod source;
mod tag;

pub use self::call::{Argument, Call};
pub use self::error::{ErrorKind, RedisError};
pub use self::meters::CATALOGUE;
pub use self::redis::{Redis, RedisBuilder};
pub use self::reply::Reply;
pub use self::script::Script;
pub use self::settings::RedisSettings;
pub use self::tag::Tag;
