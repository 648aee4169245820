use std::fmt;
use std::sync::Arc;

/// Who is asking, as far as limits, logs and audit need to know. Cheap to clone.
///
/// ```
/// use buttress_core::Principal;
///
/// let ada = Principal::new("user-7");
/// assert_eq!(ada.id(), "user-7");
/// assert_eq!(format!("{ada:?}"), "Principal(…)", "people are not for the log");
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Principal {
    id: Arc<str>,
}

impl Principal {
    /// The one with this stable id: of a user, a service, an API key.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into() }
    }

    /// The stable id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal(…)")
    }
}

/// The template of a route, shared with the router where that is possible.
pub(super) enum Route {
    Shared(Arc<str>),
    #[cfg(feature = "axum")]
    Axum(axum::extract::MatchedPath),
}

impl Route {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Shared(template) => template,
            #[cfg(feature = "axum")]
            Self::Axum(matched) => matched.as_str(),
        }
    }
}

impl From<Arc<str>> for Route {
    fn from(template: Arc<str>) -> Self {
        Self::Shared(template)
    }
}
