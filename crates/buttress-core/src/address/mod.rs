//! Who is really calling: from the socket and the forwarding headers, through the proxies you trust.
//!
//! ```
//! use buttress_core::address::AddressResolver;
//! use http::HeaderMap;
//!
//! let resolver = AddressResolver::builder().trusted_proxies(["10.0.0.0/8", "::1"]).build()?;
//!
//! // The client wrote the first address itself, to look like someone else.
//! let mut headers = HeaderMap::new();
//! headers.insert("x-forwarded-for", "198.51.100.1, 203.0.113.9, 10.0.0.7".parse()?);
//!
//! let through_the_proxy = resolver.resolve(Some("10.0.0.2:443".parse()?), &headers);
//! assert_eq!(through_the_proxy.unwrap().to_string(), "203.0.113.9");
//!
//! // Whoever is no trusted proxy may write what it likes.
//! let straight = resolver.resolve(Some("192.0.2.1:5000".parse()?), &headers);
//! assert_eq!(straight.unwrap().to_string(), "192.0.2.1");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # How the client is found
//!
//! Each proxy adds, on the right, the address that called it. So the walk goes from the socket to the left, and only as
//! far as a trusted hop vouches for an element:
//!
//! - A peer that is not a trusted proxy is the client. Its headers are not looked at. Nobody is
//!   trusted unless you say so.
//! - A hop that is a trusted proxy is stepped over. The first that is not is the client. If all of
//!   them are trusted, the leftmost is: the call came from inside.
//! - An element that cannot be read, or that hides its address (`unknown`, `_hidden`, nothing at all),
//!   ends the walk. The client is then the last hop that could be read, and says so:
//!   see [`ClientAddress::is_cut_short`]. Elements to its left are never looked at, so they can do no harm.
//! - Repeated header lines count as one list, in their order.
//! - After 64 elements, or one that is longer than 1024 bytes, the walk ends in the same way.
//!
//! # Exactly one header is believed
//!
//! A proxy that maintains one [`ForwardingHeader`] passes the others on untouched, as the client wrote them. Believing
//! two is believing the client. So choose the one that *your* proxies write, and make sure that the outermost of them
//! writes it for each request.
//!
//! # How elements are read
//!
//! `X-Forwarded-For` and `X-Real-IP` have no grammar. They are read as proxies write them: `192.0.2.1`,
//! `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, with white space around it and
//! no quotes. `Forwarded` is read as RFC 7239 has it, with two allowances: white space around a
//! semicolon, and an IPv6 address that lacks its brackets. An obfuscated port is no port. A zone
//! (`fe80::1%eth0`) means something only to the host that wrote it, and is dropped. An empty
//! element is not skipped: a proxy that did not know its caller may have written it.
//!
//! # Cost
//!
//! No allocation in [`resolve`](AddressResolver::resolve). About 10 ns for a peer that is not trusted,
//! 25 ns for one that is and sends no header, 85 ns for three hops of `X-Forwarded-For` and 180 ns for
//! three of `Forwarded`. A hop is looked up among `n` trusted networks in `log2(n)` comparisons, so a
//! list of hundreds is fine.

mod bits;
mod client;
mod forwarded;
mod header;
mod hop;
mod list;
mod network;
mod resolver;
mod settings;

pub use self::client::{AddressSource, ClientAddress, normalise};
pub use self::header::ForwardingHeader;
pub use self::network::{InvalidNetwork, Network};
pub use self::resolver::AddressResolver;
pub use self::settings::{AddressResolverBuilder, AddressSettings};
