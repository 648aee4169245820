use std::fmt;
use std::sync::Arc;

use buttress_core::Faults;
use buttress_core::clock::{Clock, Moment, SystemClock};
use serde::{Deserialize, Serialize};

/// What becomes of a new key, if all places where it could be counted are taken by keys that have to be remembered.
///
/// ```
/// use buttress_ratelimit::store::WhenFull;
///
/// let setting: WhenFull = serde_json::from_str(r#""refuse""#)?;
/// assert_eq!(setting, WhenFull::Refuse);
/// assert_eq!(WhenFull::default(), WhenFull::Forget);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenFull {
    /// Of the keys in these places, the one that loses least is forgotten: it stands as if it had never asked. A key in
    /// debt stays, so a client with many keys does not get rid of a refusal. The default.
    ///
    /// Permits of `at_once` are not forgotten: there the new key is refused.
    #[default]
    Forget,
    /// The new key is refused until a place is free.
    Refuse,
    /// The new key is let through, and not counted.
    Admit,
}

/// How a [`Memory`](super::Memory) was asked to be.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) room: Room,
    pub(super) when_full: WhenFull,
    pub(super) clock: Watch,
}

impl Settings {
    pub(super) fn new(room: Room) -> Self {
        Self { room, when_full: WhenFull::default(), clock: Watch::System }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room, when_full, clock } = self;
        f.debug_struct("Memory")
            .field("room", room)
            .field("when_full", when_full)
            .field("clock", clock)
            .finish_non_exhaustive()
    }
}

/// What time it is. The system's own is asked without a detour, as it is asked for each request.
#[derive(Clone, Debug)]
pub(super) enum Watch {
    System,
    Own(Arc<dyn Clock>),
}

impl Watch {
    #[inline]
    pub(super) fn now(&self) -> Moment {
        match self {
            Self::System => SystemClock.now(),
            Self::Own(clock) => clock.now(),
        }
    }
}

/// How large the table of a policy is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Room {
    Keys(usize),
    Bytes(usize),
}

impl Room {
    /// A table for more keys is not made.
    const MOST_KEYS: usize = u32::MAX as usize;

    /// In less there is not one key of every algorithm.
    const LEAST_BYTES: usize = 8_192;

    /// The same, within what can be made: for those who do not bind it, and so are not told.
    pub(super) fn within_reason(self) -> Self {
        match self {
            Self::Keys(keys) => Self::Keys(keys.min(Self::MOST_KEYS)),
            Self::Bytes(bytes) => Self::Bytes(bytes),
        }
    }

    /// What it is called in settings.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Keys(_) => "memory.keys",
            Self::Bytes(_) => "memory.bytes",
        }
    }

    /// Whether a table can be made of it, if there is memory enough.
    pub(super) const fn is_right(self) -> bool {
        matches!(self, Self::Keys(1..=Self::MOST_KEYS) | Self::Bytes(Self::LEAST_BYTES..))
    }

    pub(super) fn check(self, faults: &mut Faults) {
        match self {
            _ if self.is_right() => {}
            Self::Keys(keys) => {
                let most = Self::MOST_KEYS;
                faults.add(self.path(), format_args!("must be 1 to {most}, not {keys}"));
            }
            Self::Bytes(bytes) => {
                let least = Self::LEAST_BYTES;
                faults.add(self.path(), format_args!("must be at least {least}, not {bytes}"));
            }
        }
    }
}
