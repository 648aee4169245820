#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod advice;
mod attempt;
mod backoff;
mod budget;
mod builder;
pub mod config;
mod counted;
mod decide;
#[cfg(any(feature = "hyper", feature = "tonic"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "hyper", feature = "tonic"))))]
pub mod errors;
mod future;
mod head;
mod hedge;
mod inner;
mod layer;
mod meters;
mod parts;
mod plan;
mod policy;
mod presets;
mod probe;
mod replay;
mod run;
mod sent;
mod service;
mod spare;
mod when;

pub use self::advice::Follow;
pub use self::attempt::Attempt;
pub use self::backoff::{Backoff, Jitter, Pauses};
pub use self::budget::{Budget, Cost, Deposit, Taken};
pub use self::builder::{RetryBuilder, TimerMissing};
pub use self::config::RetrySettings;
pub use self::future::ResponseFuture;
pub use self::hedge::Hedge;
pub use self::layer::RetryLayer;
pub use self::meters::CATALOGUE;
pub use self::policy::{AnyError, RetryPolicy};
pub use self::replay::ReplayBody;
#[doc(hidden)]
pub use self::replay::Upload;
pub use self::run::Run;
pub use self::sent::{Repeatable, Seen, Sent};
pub use self::service::Retry;
#[doc(hidden)]
pub use self::spare::Spare;
