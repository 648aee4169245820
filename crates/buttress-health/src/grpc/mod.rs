//! `grpc.health.v1`.

mod answers;
mod service;
mod watch;

pub use self::service::{GrpcFuture, GrpcHealth};
