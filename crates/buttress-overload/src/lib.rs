#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adaptive;
pub mod bulkhead;
pub mod deadline;
pub mod door;
pub mod fallback;
mod file;
mod if_dropped;
mod load;
pub mod outlier;
mod parts;
mod priority;
mod queue;
pub mod shed;
mod slots;
pub mod throttle;
pub mod timeout;
mod waking;
mod work;

pub use buttress_core::clock::NoTimer;

pub use self::priority::Priority;
pub use self::work::Work;
