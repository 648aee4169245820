//! Whose limit it is: the keys of [`buttress_core::key`], in one place with what uses them.
//!
//! All but [`method`] and [`path`] are also at the root of this crate, where these two names are conditions.

pub use buttress_core::key::{
    ByAddress, ByApiKey, ByEndpoint, ByEveryone, ByHeader, ByHost, ByLabel, ByMethod, ByPath,
    ByPrincipal, ByRoute, BySession, ByTenant, KeyFn, KeyFor, KeyParts, KeySeed, KeyWriter, Keyer,
    MissingKey, address, api_key, endpoint, everyone, header, header_named, host, key_fn, label,
    method, path, principal, route, session, tenant,
};
