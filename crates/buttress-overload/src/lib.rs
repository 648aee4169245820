#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adaptive;
pub mod bulkhead;
pub mod deadline;
pub mod door;
pub mod fallback;
mod file;
mod load;
pub mod outlier;
mod parts;
mod priority;
mod queue;
pub mod shed;
mod slots;
pub mod throttle;
pub mod timeout;
mod timer;
mod waking;
mod work;

pub use self::priority::Priority;
pub use self::timer::NoTimer;
pub use self::work::Work;
