#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod buckets;
mod counts;
mod current;
mod growth;
pub mod machine;
mod parts;
mod policy;
mod ramp;
mod recent;
mod ring;
mod rule;
mod state;
mod tally;
mod ticket;
mod transition;
mod trip;
mod window;
mod word;

pub use self::policy::Abandoned;
pub use self::rule::{Over, Rule};
pub use self::state::{Force, Mode, State};
pub use self::transition::{Transition, Why};
pub use self::trip::{Reason, Trip};
