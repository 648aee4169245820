//! Keeps secrets and personal data out of logs, errors and spans.
//!
//! ```
//! use buttress_core::Redact;
//!
//! let redact = Redact::builder().field("iban_hint").build()?;
//!
//! let error = "connect to postgres://app:hunter2@db.internal/orders: refused";
//! assert_eq!(
//!     redact.text(error, 200),
//!     "connect to postgres://***@db.internal/orders: refused"
//! );
//! assert_eq!(redact.query("page=2&access%5Ftoken=abc").to_string(), "page=2&access%5Ftoken=***");
//! # Ok::<(), buttress_core::BuildError>(())
//! ```
//!
//! # What is found
//!
//! - **By name.** Headers, query keys and fields whose name is known are hidden whatever their value is.
//!   Names are compared without case, `-` and `_`; `db_password` and `refreshToken` are known by their
//!   ends, `token[0]` and `user[token]` as what forms write. `code`, `key`, `state` and their like are hidden in
//!   queries only: in prose they are words. What a parser says of such a field stays
//!   (`password: invalid type: integer …, expected a string`), without what it quotes.
//! - **By shape**, in any text: `Bearer` and `Basic` credentials, JSON Web Tokens, the keys of well-known
//!   issuers (`sk_live_…`, `ghp_…`, `AKIA…`, `xoxb-…`), private keys in PEM, credentials in URLs (with escaped
//!   slashes, and in URLs within a query, too), e-mail addresses, telephone numbers written with `+` or as
//!   `555-867-5309`, numbers of payment cards (by issuer, length and check digit).
//! - **By place**: the name of a person in the path of a file, `/home/ada/…`, `/Users/ada/…` or `C:\Users\ada\…`;
//!   the rest of the path stays. In a link, behind a method (`GET /home/…`) and below another folder (`/api/Users/…`)
//!   these are pages of the web, which stay whole, as does `/users/42`.
//! - **By look**: 32 or more letters of the base64 alphabets that mix capitals, small letters and digits as
//!   only chance does. Hexadecimal is left alone, because hashes, trace ids and UUIDs look the same.
//!
//! # What is not
//!
//! A password in a sentence (`the password is hunter2`), what stands behind a blank in a value without quotes
//! (`password=correct horse` keeps `horse`), a short or hexadecimal key without its name, a
//! telephone number without `+` and dashes, a password in a URL that has a blank in it, or a `/` behind an `@` that
//! nobody escaped, the name in `~ada`, which in most texts means about. Where in doubt, more is hidden than had
//! to be: an unclosed quote after a known name hides the rest of the text, and a route `/home/…` of your own, told
//! without its host and its method, loses what stands behind `home`.
//!
//! # Promises
//!
//! Text is redacted before it is cut, so that no cut shows half a secret. What was redacted once stays as
//! it is when redacted again. No input panics, and the time taken grows with the length of the text and
//! with nothing else. There is no allocation when nothing was found.
//!
//! The scanner is written by hand: a regular-expression engine would weigh more than the rest of the
//! crate, and one pass by hand sees what many expressions would each look for.

mod headers;
mod json;
pub mod mask;
mod names;
mod percent;
mod pointer;
mod rules;
mod settings;
mod text;
mod uri;

pub use self::headers::Headers;
pub use self::json::Json;
pub use self::rules::{Redact, RedactBuilder};
pub use self::settings::RedactSettings;
pub use self::uri::{Query, Uri};
