//! Pointers into JSON, whose names may be a client's own.

use std::borrow::Cow;

use super::Redact;

/// The pointer with each name redacted, and of one that is too long the names that have room. A name by itself is never
/// what two of them look like together: `/home/street` is no home of a person.
pub(super) fn pointer<'p>(redact: &Redact, pointer: &'p str, max_len: usize) -> Cow<'p, str> {
    let names = || pointer.split('/').map(|name| redacted(redact, name));
    if pointer.len() <= max_len && names().all(|name| matches!(name, Cow::Borrowed(_))) {
        return Cow::Borrowed(pointer);
    }
    let mut shown = String::new();
    for (at, name) in names().enumerate() {
        let slash = if at > 0 { "/" } else { "" };
        if shown.len() + slash.len() + name.len() > max_len {
            break;
        }
        shown.extend([slash, &*name]);
    }
    Cow::Owned(shown)
}

/// Borrowed, if it stays as it is.
fn redacted<'n>(redact: &Redact, name: &'n str) -> Cow<'n, str> {
    let plain = unescaped(name);
    let shown = redact.whole(&plain);
    if shown == plain {
        return Cow::Borrowed(name);
    }
    Cow::Owned(shown.replace('~', "~0").replace('/', "~1"))
}

fn unescaped(name: &str) -> Cow<'_, str> {
    if name.contains('~') {
        return name.replace("~1", "/").replace("~0", "~").into();
    }
    Cow::Borrowed(name)
}
