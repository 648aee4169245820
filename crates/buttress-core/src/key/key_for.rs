use std::fmt;
use std::sync::Arc;

use super::{KeyParts, KeyWriter};
use crate::stage::RequestHead;

/// What a request is keyed by.
///
/// Ready-made are [`address`](super::address), [`api_key`](super::api_key), [`principal`](super::principal),
/// [`tenant`](super::tenant), [`session`](super::session), [`route`](super::route), [`method`](super::method),
/// [`header`](super::header()), [`host`](super::host), [`endpoint`](super::endpoint()), [`path`](super::path),
/// [`label`](super::label()) and [`everyone`](super::everyone). A tuple of up to six is all of them, in this order.
/// `Option` switches one off, and `Arc<dyn KeyFor>` is one that is chosen at run time. For anything else there is
/// [`key_fn`](super::key_fn()), or an implementation of your own:
///
/// ```
/// use buttress_core::key::{KeyFor, KeyParts, KeyWriter, Keyer, address};
/// use buttress_core::stage::RequestHead;
///
/// /// By the version of the API that is called.
/// #[derive(Debug)]
/// struct ApiVersion;
///
/// impl KeyFor for ApiVersion {
///     fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
///         key.text(request.uri().path().split('/').nth(1));
///     }
///
///     // Not needed: it lets others see what the key is made of.
///     fn describe(&self, parts: &mut KeyParts) {
///         parts.own("version of the API");
///     }
/// }
///
/// let keyer = Keyer::random();
/// let key = |path: &str| {
///     let request = http::Request::get(path).body(()).unwrap();
///     keyer.key_for(&(ApiVersion, address()), &request).key()
/// };
/// assert_eq!(key("/v1/orders"), key("/v1/lamps"));
/// assert_ne!(key("/v1/orders"), key("/v2/orders"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a request is keyed by",
    label = "this is no `KeyFor`",
    note = "call the functions, as in `(address(), route())`; a tuple has up to six parts",
    note = "a closure becomes one with `key_fn`"
)]
pub trait KeyFor: fmt::Debug + Send + Sync {
    /// Writes the parts of the key: as many for each request, so that one that is missing is written as absent.
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter);

    /// Says what it goes by: see [`KeyParts`]. What does not say is a part that nothing is known about, as a closure
    /// is.
    ///
    /// What writes the same for each request is no part of it.
    fn describe(&self, parts: &mut KeyParts) {
        parts.unknown();
    }
}

impl<K: KeyFor + ?Sized> KeyFor for &K {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        (**self).write(request, key);
    }

    fn describe(&self, parts: &mut KeyParts) {
        (**self).describe(parts);
    }
}

impl<K: KeyFor + ?Sized> KeyFor for Arc<K> {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        (**self).write(request, key);
    }

    fn describe(&self, parts: &mut KeyParts) {
        (**self).describe(parts);
    }
}

impl<K: KeyFor + ?Sized> KeyFor for Box<K> {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        (**self).write(request, key);
    }

    fn describe(&self, parts: &mut KeyParts) {
        (**self).describe(parts);
    }
}

/// Parts that may be switched off in the settings. `None` adds no part, not even an absent one.
impl<K: KeyFor> KeyFor for Option<K> {
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        if let Some(by) = self {
            by.write(request, key);
        }
    }

    fn describe(&self, parts: &mut KeyParts) {
        if let Some(by) = self {
            by.describe(parts);
        }
    }
}

/// The parts of each, in this order.
macro_rules! tuple {
    ($($By:ident)+) => {
        impl<$($By: KeyFor),+> KeyFor for ($($By,)+) {
            #[inline]
            #[expect(non_snake_case, reason = "they are named as their types are")]
            fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
                let ($($By,)+) = self;
                $($By.write(request, key);)+
            }

            #[expect(non_snake_case, reason = "they are named as their types are")]
            fn describe(&self, parts: &mut KeyParts) {
                let ($($By,)+) = self;
                $($By.describe(parts);)+
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
