//! The promises of the crate, a module each.
