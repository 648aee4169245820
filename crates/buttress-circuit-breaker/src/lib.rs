#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod broadcast;
mod buckets;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
mod counts;
mod current;
mod events;
#[cfg(feature = "fleet")]
#[cfg_attr(docsrs, doc(cfg(feature = "fleet")))]
pub mod fleet;
mod growth;
mod history;
pub mod machine;
mod parts;
mod policy;
mod ramp;
mod recent;
mod ring;
mod rule;
mod state;
mod table;
mod tally;
mod ticket;
mod transition;
mod trip;
mod window;
mod word;

pub use self::events::{Event, Events};
pub use self::policy::Abandoned;
pub use self::rule::{Over, Rule};
pub use self::state::{Force, Mode, State};
pub use self::transition::{Transition, Why};
pub use self::trip::{Reason, Trip};
