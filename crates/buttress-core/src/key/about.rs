use std::borrow::Cow;
use std::fmt;

use super::KeyFor;
use super::writing::Kind;

/// What a [`KeyFor`] goes by, as it says of itself: for whoever puts keys together, before the first request.
///
/// ```
/// use buttress_core::KeyFor;
/// use buttress_core::key::{KeyParts, address, header, key_fn, principal};
///
/// let by = KeyParts::of(&(principal(), header("x-shop")));
/// assert_eq!(by.to_string(), "principal, header `x-shop`");
///
/// // It can be known only once authentication is done.
/// assert!(by.needs_caller() && !KeyParts::of(&address()).needs_caller());
///
/// // Requests with one key by these parts have one key by fewer of them, too.
/// assert!(by.contains(&KeyParts::of(&header("x-shop"))));
/// assert!(!by.contains(&KeyParts::of(&header("x-other"))));
///
/// // A closure does not say what it looks at: that is in no other key, for all one knows.
/// let own = key_fn(|_, key| { key.text("eu"); });
/// assert!(!KeyParts::of(&own).contains(&KeyParts::of(&own)));
/// assert!(KeyParts::of(&(own, address())).contains(&KeyParts::of(&address())));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyParts {
    known: Vec<Part>,
    /// Whether there is one that did not say what it is.
    unknown: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Part {
    kind: Kind,
    /// What tells two of a kind apart.
    name: Cow<'static, str>,
}

impl KeyParts {
    /// What `by` goes by.
    #[must_use]
    pub fn of(by: &(impl KeyFor + ?Sized)) -> Self {
        let mut parts = Self::default();
        by.describe(&mut parts);
        parts
    }

    /// Adds a part of your own. Whatever has this name finds the same in the same request: otherwise
    /// [`contains`](Self::contains) is wrong.
    pub fn own(&mut self, name: impl Into<Cow<'static, str>>) {
        self.named(Kind::Own, name);
    }

    /// Adds a part that cannot be told from others.
    pub fn unknown(&mut self) {
        self.unknown = true;
    }

    /// Whether a part is known only once authentication has said who is calling: it is a principal, a tenant or a
    /// session. A closure does not say.
    #[must_use]
    pub fn needs_caller(&self) -> bool {
        let of_caller = [Kind::Principal, Kind::Tenant, Kind::Session];
        self.known.iter().any(|part| of_caller.contains(&part.kind))
    }

    /// Whether each part of `others` is among these: then requests with the same key by these have the same by those.
    ///
    /// What is [unknown](Self::unknown) is nowhere.
    #[must_use]
    pub fn contains(&self, others: &Self) -> bool {
        !others.unknown && others.known.iter().all(|part| self.known.contains(part))
    }

    pub(super) fn add(&mut self, kind: Kind) {
        self.named(kind, "");
    }

    pub(super) fn named(&mut self, kind: Kind, name: impl Into<Cow<'static, str>>) {
        self.known.push(Part { kind, name: name.into() });
    }
}

/// As errors say it, one after another.
impl fmt::Display for KeyParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for part in &self.known {
            f.write_str(between)?;
            part.fmt(f)?;
            between = ", ";
        }
        match (self.unknown, between) {
            (true, between) => write!(f, "{between}a part of one's own"),
            (false, "") => f.write_str("nothing"),
            (false, _) => Ok(()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if self.name.is_empty() { Ok(()) } else { write!(f, " `{}`", self.name) }
    }
}
