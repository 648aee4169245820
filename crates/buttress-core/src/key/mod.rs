//! What limits, locks, breakers and cache entries are known by.
//!
//! ```
//! use buttress_core::key::{KeySeed, Keyer, KeyOutcome, MissingKey, address, route};
//! # use buttress_core::{Context, stage::{RequestHead, Stage}};
//! # use std::net::SocketAddr;
//!
//! // One seed for the fleet, from the settings. `Keyer::random()` where one process is all there is.
//! let seed: KeySeed = "000102030405060708090a0b0c0d0e0f".parse()?;
//! let keyer = Keyer::from(seed);
//!
//! let by = (address(), route());
//! # let mut request = http::Request::get("/orders/7").body(())?;
//! # request.extensions_mut().insert(SocketAddr::from(([203, 0, 113, 7], 4711)));
//! # let memo = Context::default().enter(&mut request);
//! # assert!(request.context().unwrap().set_route("/orders/{id}"));
//! let found = keyer.key_for(&by, &request);
//! assert_eq!(found.key().to_string(), "a19f2c379b5782377dc342c0920e9f62");
//!
//! // What to do with a request that lacks a part is for you to say.
//! assert_eq!(found.or(MissingKey::Refuse), KeyOutcome::Use(found.key()));
//!
//! // Without a request, for the same client: to lift its limit, or to look at it.
//! # use buttress_core::ClientAddress;
//! let client = ClientAddress::from(SocketAddr::from(([203, 0, 113, 7], 0)));
//! let by_hand = keyer.writer().address(client.network()).route("/orders/{id}").key();
//! assert_eq!(by_hand, found.key());
//!
//! // And for what is no request at all.
//! let breaker = keyer.scoped("breakers").key_of(["payments", "eu-1"]);
//! assert_ne!(breaker, found.key());
//! # drop(memo);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - The same seed and the same parts make the same key: in each process, on each machine, in each release with the
//!   same [`KEY_VERSION`].
//! - Other parts make another key, but for chance: no list of parts is written like another one. `("ab", "c")` is not
//!   `("a", "bc")`, a header is not a principal of the same name, and what is absent is not what is empty. Among a
//!   thousand million keys two are the same with odds of less than one in 10^20.
//! - Without the seed nobody can read anything of a part off a key, in a store or a log, or choose parts whose keys
//!   collide.
//! - The parts that a [`KeyFor`] reads go into the hash and nowhere else: they are not kept, and `Debug` does not show
//!   them.
//!
//! # What it does not do
//!
//! With the seed one can try all addresses, or all principals, and find the one behind a key. So a key is a pseudonym,
//! and no more secret than the seed. To show keys to clients, make them with a [scoped](Keyer::scoped) keyer, so that
//! they are not those of the store.
//!
//! # How it is computed
//!
//! A key is SipHash-1-3 with 128 bits of output, keyed with the sixteen bytes of the seed, of this message:
//!
//! ```text
//! message = version part*          version is KEY_VERSION, 0x01
//! part    = kind value             it is there
//!         | (kind | 0x80)          it is absent, or there with different values
//! bytes   = length octets          length is one byte up to 254; from there on 0xff and eight bytes
//! ```
//!
//! All numbers have their highest byte first. The parts of a tuple follow one another; a tuple inside a tuple leaves
//! no trace, and [`everyone`] is no part at all.
//!
//! | kind | of | value |
//! |---|---|---|
//! | `01` | [`address`] | *bytes*: the 4 or 16 octets of the first address of the network, then its prefix |
//! | `02` | [`header`](header()) | *bytes* of the name in lower case, *bytes* of the value without white space around it; if absent, too, the name follows |
//! | `03` | [`api_key`] | *bytes* |
//! | `04` | [`principal`] | *bytes* of the id |
//! | `05` | [`route`] | *bytes* of the template |
//! | `06` | [`tenant`] | *bytes* of the id |
//! | `07` | [`method`] | *bytes* |
//! | `08` | [`host`] | *bytes* of the name: A to Z in lower case, one dot at the end taken off |
//! | `09` | [`endpoint`] | as `08`, then two octets of the port |
//! | `0a` | [`path`] | *bytes* |
//! | `0b` | [`label`](label()) | *bytes* |
//! | `0c` | [`KeyWriter::text`], [`KeyWriter::bytes`], [`Keyer::key_of`] | *bytes* |
//! | `0d` | [`KeyWriter::number`] | *bytes*: the 8 octets of the number |
//! | `0e` | [`session`] | *bytes* of the id |
//! | `0f` | [`Keyer::scoped`] | *bytes* of the name; the key of this one part is the new seed |
//!
//! The sixteen octets of the key are those of the reference code, and are written in this order. With the seed
//! `000102030405060708090a0b0c0d0e0f`, the principal `ada` is the message `010403616461`, and its key
//! `fc6b6721d78f8449c691a6cf251a80e8`. More such pairs are in the guide.
//!
//! # Why this hash
//!
//! It is a keyed function made for short messages. An unkeyed hash would let clients choose colliding keys, and let
//! anyone find out what is behind a key; a general cryptographic hash is made for longer ones. Of the two usual
//! variants it is the one that std's `HashMap`, Python and Ruby trust with keys that strangers choose. No way is known
//! to learn its key from its output. SipHash-2-4 has a wider margin, and took 31 to 41 ns for two parts where this one
//! takes 21 to 25. If that margin should ever be wanted, it is another [`KEY_VERSION`].
//!
//! # Cost
//!
//! No allocation, no lock, for any of the parts here. Two parts that are at hand take about 21 ns (25 with an IPv6
//! address), an address and a route that must be found in a request 35 to 39, an API key 49, as two headers are looked
//! up. Those figures are of one run on a shared Xeon at 2 GHz; a long part costs by its length.
//!
//! # Errors
//!
//! [`KeySeed`] refuses an invalid seed, with [`InvalidSeed`]. Making a key cannot fail: [`FoundKey`] tells what is
//! missing.

mod about;
mod closure;
mod header;
mod host;
mod key_for;
mod keyer;
mod missing;
mod parts;
mod seed;
mod table;
mod value;
mod writer;
mod writing;

pub use self::about::KeyParts;
pub use self::closure::{KeyFn, key_fn};
pub use self::header::{ByApiKey, ByHeader, api_key, header, header_named};
pub use self::host::{ByEndpoint, ByHost, endpoint, host};
pub use self::key_for::KeyFor;
pub use self::keyer::Keyer;
pub use self::missing::{FoundKey, KeyOutcome, MissingKey};
pub use self::parts::{
    ByAddress, ByEveryone, ByLabel, ByMethod, ByPath, ByPrincipal, ByRoute, BySession, ByTenant,
    address, everyone, label, method, path, principal, route, session, tenant,
};
pub use self::seed::{InvalidSeed, KeySeed};
pub use self::table::{Uniform, UniformHasher};
pub use self::value::Key;
pub use self::writer::KeyWriter;

/// The version of [how keys are computed](self#how-it-is-computed): the first byte of what is hashed, so another
/// version makes other keys of the same parts.
///
/// In a store, put it into the names of keys, too, so that entries of an older release can be told apart.
pub const KEY_VERSION: u8 = 1;
