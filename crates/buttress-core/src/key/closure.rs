use std::fmt;

use super::{KeyFor, KeyWriter};
use crate::stage::RequestHead;

/// Keys by whatever a closure writes.
///
/// Write as many parts for each request; what may be missing is an `Option`.
///
/// ```
/// use buttress_core::key::{KeyWriter, Keyer, key_fn};
/// use buttress_core::stage::RequestHead;
///
/// let by_query = key_fn(|request: &dyn RequestHead, key: &mut KeyWriter| {
///     key.text(request.uri().query());
/// });
///
/// let keyer = Keyer::random();
/// let asked = http::Request::get("/lamps?page=2").body(())?;
/// assert!(keyer.key_for(&by_query, &asked).is_complete());
///
/// let not_asked = http::Request::get("/lamps").body(())?;
/// assert!(!keyer.key_for(&by_query, &not_asked).is_complete());
/// # Ok::<_, http::Error>(())
/// ```
#[must_use]
pub fn key_fn<F>(write: F) -> KeyFn<F>
where
    F: Fn(&dyn RequestHead, &mut KeyWriter) + Send + Sync,
{
    KeyFn { write }
}

/// A closure as a [`KeyFor`]. See [`key_fn`].
#[derive(Clone, Copy)]
pub struct KeyFn<F> {
    write: F,
}

impl<F> KeyFor for KeyFn<F>
where
    F: Fn(&dyn RequestHead, &mut KeyWriter) + Send + Sync,
{
    fn write(&self, request: &dyn RequestHead, key: &mut KeyWriter) {
        (self.write)(request, key);
    }
}

impl<F> fmt::Debug for KeyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFn")
    }
}
