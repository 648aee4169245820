#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod bulkhead;
mod parts;
mod priority;
mod queue;
mod timer;
mod work;

pub use self::priority::Priority;
pub use self::timer::NoTimer;
pub use self::work::Work;
