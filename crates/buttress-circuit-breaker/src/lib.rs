#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bounds;
mod breaker;
mod broadcast;
mod buckets;
mod builder;
mod call;
pub mod config;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
mod counts;
mod current;
mod events;
#[cfg(feature = "fleet")]
#[cfg_attr(docsrs, doc(cfg(feature = "fleet")))]
pub mod fleet;
mod future;
mod growth;
mod history;
mod inner;
mod keyed;
mod layer;
pub mod machine;
mod meters;
mod parts;
mod phase;
mod policy;
mod probe;
mod ramp;
mod recent;
mod refusal;
mod ring;
mod rule;
mod service;
mod state;
mod table;
mod tally;
mod ticket;
mod transition;
mod trip;
mod waiting;
mod window;
mod word;

pub use buttress_core::clock::NoTimer;

pub use self::breaker::Breaker;
#[doc(hidden)]
pub use self::breaker::Waiter;
pub use self::builder::CircuitBreakerBuilder;
pub use self::call::{ByResult, Call};
pub use self::config::CircuitBreakerSettings;
pub use self::events::{Event, Events};
pub use self::future::ResponseFuture;
pub use self::keyed::{BreakerTable, KeyedBreaker, KeyedBreakerLayer};
pub use self::layer::CircuitBreakerLayer;
pub use self::meters::CATALOGUE;
pub use self::policy::Abandoned;
pub use self::refusal::Refusal;
pub use self::rule::{Over, Rule};
pub use self::service::CircuitBreaker;
pub use self::state::{Force, Mode, State};
pub use self::ticket::BreakerTicket;
pub use self::transition::{Transition, Why};
pub use self::trip::{Reason, Trip};
