use crate::Policy;
use crate::config::Said;

/// A policy, and where it stands.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) policy: Policy,
    pub(crate) said: Said,
    /// Whether its quota could be read.
    pub(crate) has_quota: bool,
}
