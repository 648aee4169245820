#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod builder;
mod catalogue;
mod errors;
#[cfg(feature = "axum")]
pub mod extract;
mod failed;
mod foreign;
mod format;
mod future;
mod kinds;
mod layer;
mod negotiation;
mod rules;
mod service;
mod settings;

#[doc(no_inline)]
pub use buttress_core::render::{LeaveAlone, NoFailure};

pub use self::accept::preferred;
pub use self::builder::ErrorEnvelopeBuilder;
pub use self::catalogue::{Catalogue, DuplicateCodes};
#[cfg(feature = "tower")]
pub use self::errors::problem_of;
pub use self::errors::{Errors, ErrorsFuture, ErrorsLayer};
pub use self::foreign::{ForeignFailure, code_of};
pub use self::format::{HtmlPage, JsonApi, PlainText, ProblemJson, RichGrpcStatus};
pub use self::future::ResponseFuture;
pub use self::layer::ErrorEnvelopeLayer;
pub use self::negotiation::{FormatName, Negotiation, NegotiationSettings};
pub use self::service::ErrorEnvelope;
pub use self::settings::ErrorEnvelopeSettings;
