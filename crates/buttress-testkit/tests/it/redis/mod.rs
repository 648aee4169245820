//! Against real servers, of every engine that the run names.

mod outlive;
mod server;
