#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod access;
mod answer;
#[cfg(feature = "axum")]
mod axum;
mod bell;
mod board;
mod builder;
mod building;
mod changes;
mod check;
mod checks;
mod config;
mod course;
mod details;
mod event_loop;
#[cfg(feature = "grpc")]
mod grpc;
mod heir;
mod hops;
mod hysteresis;
mod inner;
mod jitter;
mod json;
mod living;
mod memory;
mod metrics;
mod overseer;
mod parts;
mod paths;
mod plan;
#[cfg(feature = "tokio")]
mod ready_made;
mod report;
mod runner;
mod service;
mod slot;
mod stage;
mod status;
mod traffic;
mod verdict;
mod vital;
mod ways;

pub use self::builder::HealthChecksBuilder;
pub use self::changes::Changes;
pub use self::check::Check;
pub use self::checks::HealthChecks;
pub use self::config::{CheckSettings, DetailSettings, HealthSettings, PathSettings};
pub use self::event_loop::EventLoop;
#[cfg(feature = "grpc")]
pub use self::grpc::{GrpcFuture, GrpcHealth};
pub use self::hysteresis::Hysteresis;
pub use self::memory::Memory;
pub use self::metrics::CATALOGUE;
#[cfg(feature = "tokio")]
pub use self::ready_made::Running;
#[cfg(feature = "http")]
pub use self::ready_made::{AnswerHead, MalformedAnswer};
pub use self::report::{CheckReport, Report};
pub use self::runner::CheckTask;
pub use self::service::HealthService;
pub use self::stage::HealthStage;
pub use self::status::{CheckStatus, Importance, Status};
