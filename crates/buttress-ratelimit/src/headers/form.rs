use buttress_core::Faults;
use serde::{Deserialize, Serialize};

/// How responses tell a client what is left of its quotas. The default is [`Structured`](Self::Structured).
///
/// ```
/// use buttress_ratelimit::HeaderForm;
///
/// let setting: HeaderForm = serde_json::from_str(r#""x_rate_limit""#)?;
/// assert_eq!(setting, HeaderForm::XRateLimit);
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// What tells of one policy tells of the one that refused, or of which least is left. A response that has such headers
/// already, from a limit further inside or from the handler, keeps them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeaderForm {
    /// `RateLimit: "per-key";r=12;t=30` and `RateLimit-Policy: "per-key";q=100;w=60`, of every policy that was asked:
    /// the structured fields of draft-ietf-httpapi-ratelimit-headers, from version 08 on.
    #[default]
    Structured,
    /// `RateLimit: limit=100, remaining=12, reset=30` and `RateLimit-Policy: 100;w=60`: version 07 of the draft.
    Combined,
    /// `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` and `RateLimit-Policy: 100;w=60`: the draft up to
    /// version 06.
    Separate,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining`, and `X-RateLimit-Reset` as seconds from now on.
    XRateLimit,
    /// The same, with `X-RateLimit-Reset` as a time: seconds since 1970.
    XRateLimitAt,
}

/// Which of them are wanted, and when.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    pub(crate) wanted: Vec<HeaderForm>,
    pub(crate) on_success: bool,
    pub(crate) partition_keys: bool,
}

impl Default for Forms {
    fn default() -> Self {
        Self { wanted: vec![HeaderForm::Structured], on_success: false, partition_keys: false }
    }
}

impl Forms {
    pub(crate) fn any(&self) -> bool {
        !self.wanted.is_empty()
    }

    pub(super) fn has(&self, form: HeaderForm) -> bool {
        self.wanted.contains(&form)
    }

    /// Some of them write the same headers in different ways, and some have no place for a key.
    pub(crate) fn check(&self, faults: &mut Faults) {
        let older = [HeaderForm::Combined, HeaderForm::Separate];
        if self.has(HeaderForm::Structured) && older.iter().any(|form| self.has(*form)) {
            faults.add("headers", "`structured` and older drafts of it write the same headers");
        }
        if self.has(HeaderForm::XRateLimit) && self.has(HeaderForm::XRateLimitAt) {
            faults.add("headers", "`x_rate_limit` and `x_rate_limit_at` write the same headers");
        }
        if self.on_success && !self.any() {
            faults.add("headers_on_success", "there are none to be sent");
        }
        if self.partition_keys && !self.has(HeaderForm::Structured) {
            faults.add("partition_keys", "stand in `structured` headers only");
        }
    }

    /// Whether one of them tells of a single policy.
    pub(super) fn tell_of_one(&self) -> bool {
        self.wanted.iter().any(|form| *form != HeaderForm::Structured)
    }
}
