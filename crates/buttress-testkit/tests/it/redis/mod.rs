//! Against real servers, of every engine that the run names.

mod cluster;
mod outlive;
mod sentinels;
mod server;
