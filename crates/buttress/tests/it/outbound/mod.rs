//! The outbound wall.

mod allocations;
mod attempts;
mod by_hand;
mod contract;
mod deadlines;
mod guards;
mod guide;
mod health;
mod holding;
mod hyper;
mod order;
#[cfg(feature = "ratelimit")]
mod partner;
mod passing;
#[cfg(feature = "reqwest")]
mod reqwest;
mod rig;
mod run;
mod settings;
mod signals;
#[cfg(feature = "tonic")]
mod tonic;
mod uploads;
