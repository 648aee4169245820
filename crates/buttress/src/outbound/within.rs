use std::time::Duration;

/// How long a call may take in all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Within {
    /// Nobody has said: then it ends all the same.
    Unsaid,
    Said(Duration),
    /// As long as its request has, which may be for ever.
    RequestAlone,
}

/// Longer than anyone waits.
const UNSAID: Duration = Duration::from_secs(30);

impl Within {
    pub(super) const fn time(self) -> Option<Duration> {
        match self {
            Self::Unsaid => Some(UNSAID),
            Self::Said(time) => Some(time),
            Self::RequestAlone => None,
        }
    }

    /// What it is, for whoever is told that something does not fit.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unsaid => "the default deadline",
            Self::Said(_) | Self::RequestAlone => "the deadline",
        }
    }
}
