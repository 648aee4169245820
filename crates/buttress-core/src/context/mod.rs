//! Who a request is: its id, its trace, its caller, its deadline.

mod builder;
mod headers;
mod hop;
mod id;
mod onward;
mod peer;
mod repeats;
mod request;
mod rules;
mod scope;
mod seen;
mod settings;
mod slots;
mod stage;

pub use self::builder::{ContextBuilder, Trust};
pub(crate) use self::hop::ID_HEADER;
pub use self::id::RequestId;
pub use self::peer::PeerAddress;
pub use self::repeats::Repeats;
pub use self::request::RequestContext;
pub use self::scope::Scoped;
pub use self::settings::ContextSettings;
pub use self::slots::Principal;
pub use self::stage::Context;
