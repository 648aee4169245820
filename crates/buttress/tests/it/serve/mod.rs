//! The server, in memory and on paused time: no test waits, and each limit is met to the second.

mod ages;
mod ambiguous;
mod body;
mod cost;
mod downloads;
mod ending;
mod failing;
mod frames;
mod hooks;
mod http2;
mod limits;
mod lingering;
mod listeners;
mod metrics;
mod newcomers;
mod parting;
mod proxied;
mod queue;
mod rig;
mod settings;
#[cfg(feature = "tls")]
mod tls;
mod traces;
mod tunnels;
mod windows;
