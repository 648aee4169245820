//! Six duties of an inbound wall, as stages and in the classical ways to stack them.
//!
//! Every way does the very same work, which is in [`duties`]: an id for the request, nine security
//! headers, a limit by address, a bearer token, an in-flight gauge with a latency histogram, and one
//! envelope for 404 and 405. What differs is only the machinery around it.

pub mod duties;
pub mod fused;
pub mod nested;
pub mod staged;
