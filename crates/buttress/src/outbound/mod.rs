//! The wall between a handler and a dependency, as one layer: see [`Outbound`], which has the example.
//!
//! | client | how it is put behind the wall |
//! |---|---|
//! | hyper-util's, any service of `Request<ReplayBody<B>>` whose error is an [`Error`](std::error::Error) | [`layer_on`](Outbound::layer_on) |
//! | a service that wants a body of its own type | [`layer_on_with`](Outbound::layer_on_with), and how that is made |
#![cfg_attr(feature = "reqwest", doc = "| reqwest | `layer_on`, in a [`Reqwest`] |")]
#![cfg_attr(
    not(feature = "reqwest"),
    doc = "| reqwest | `layer_on`, in a `Reqwest` of the feature of that name |"
)]
#![cfg_attr(
    feature = "tonic",
    doc = "| a channel of tonic | [`layer_on_tonic`](Outbound::layer_on_tonic) |"
)]
#![cfg_attr(
    not(feature = "tonic"),
    doc = "| a channel of tonic | `layer_on_tonic`, of the feature `tonic` |"
)]
//! | what is no HTTP, a database for one | [`run`](Outbound::run) |

mod attempt;
mod build;
mod builder;
mod check;
mod future;
mod layer;
mod names;
mod parts;
mod probes;
#[cfg(feature = "reqwest")]
mod reqwest;
mod run;
mod service;
mod settings;
#[cfg(feature = "tonic")]
mod tonic;
mod way;
mod with_body;
mod within;

pub use self::builder::OutboundBuilder;
pub use self::future::ResponseFuture;
pub use self::layer::Outbound;
pub use self::parts::OutboundBody;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{Reqwest, ReqwestErrors, ReqwestFuture};
pub use self::service::OutboundService;
pub use self::settings::OutboundSettings;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub use self::tonic::TonicBodies;
pub use self::with_body::WithBody;
