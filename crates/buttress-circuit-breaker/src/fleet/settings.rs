use buttress_core::BuildError;
use serde::{Deserialize, Serialize};

use super::Quorum;

/// The settings of a fleet, as they stand in a file.
///
/// ```
/// use buttress_circuit_breaker::fleet::{Fleet, FleetSettings, MemoryVotes};
///
/// let settings: FleetSettings = toml::from_str(r#"quorum = "50%""#)?;
/// assert!(Fleet::with(MemoryVotes::new()).settings(&settings).build().is_ok());
///
/// let settings: FleetSettings = toml::from_str("quorum = 1")?;
/// let error = Fleet::with(MemoryVotes::new()).settings(&settings).build().unwrap_err();
/// assert_eq!(error.faults()[0].path(), "quorum");
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FleetSettings {
    /// How many processes must have opened their breaker for all to open: a number, or a share such as `50%`. By
    /// default 2.
    pub quorum: QuorumSettings,
}

/// A [`Quorum`], as settings say it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a quorum: a number of votes, or a share such as `50%`")]
#[non_exhaustive]
pub enum QuorumSettings {
    /// So many processes, 2 or more.
    Votes(u32),
    /// A share of the processes that are there, in percent: `50%`.
    Share(String),
}

impl QuorumSettings {
    pub(super) fn read(&self) -> Result<Quorum, BuildError> {
        let quorum = match self {
            Self::Votes(votes) => Quorum::of(*votes),
            Self::Share(share) => {
                let percent = share.strip_suffix('%').map(str::trim_end);
                let percent = percent.and_then(|percent| percent.parse().ok());
                Quorum::share(percent.ok_or_else(|| unreadable(share))?)
            }
        };
        quorum.check()
    }
}

fn unreadable(share: &str) -> BuildError {
    BuildError::of(
        "quorum",
        format_args!("must be a number, or a share such as `50%`, not `{share}`"),
    )
}

impl Default for QuorumSettings {
    fn default() -> Self {
        Self::Votes(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_is_written_as_a_number_or_a_share() {
        let read = |text: &str| {
            let settings: FleetSettings = toml::from_str(text).unwrap();
            settings.quorum.read().map_err(|error| error.faults()[0].reason().to_owned())
        };
        for (text, quorum) in [
            ("", Quorum::of(2)),
            ("quorum = 5", Quorum::of(5)),
            ("quorum = '50%'", Quorum::share(50)),
            ("quorum = '1 %'", Quorum::share(1)),
        ] {
            assert_eq!(read(text), Ok(quorum), "{text}");
        }
        for (text, reason) in [
            ("quorum = 1", "must be at least 2 votes"),
            ("quorum = '0%'", "must be 1 to 100 percent, not 0"),
            ("quorum = '101%'", "must be 1 to 100 percent, not 101"),
            ("quorum = 'half'", "must be a number, or a share such as `50%`, not `half`"),
            ("quorum = '-3%'", "must be a number, or a share such as `50%`, not `-3%`"),
            ("quorum = '50'", "must be a number, or a share such as `50%`, not `50`"),
        ] {
            assert!(read(text).unwrap_err().starts_with(reason), "{text}");
        }
        assert!(toml::from_str::<FleetSettings>("quorums = 2").is_err());
        let error = toml::from_str::<FleetSettings>("quorum = true").unwrap_err().to_string();
        assert!(error.contains("a number of votes, or a share such as `50%`"), "{error}");
    }
}
