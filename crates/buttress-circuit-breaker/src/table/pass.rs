use crate::machine::Pass;

/// The leave to make one call for a key. See [`Table`](super::Table) for an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "its outcome has to be settled"]
pub struct KeyedPass {
    pub(super) slot: u32,
    pub(super) pass: Pass,
}

impl KeyedPass {
    /// Whether it is one of the few that decide whether the breaker closes.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.pass.is_probe()
    }

    /// Whether it has to be known how long the call waits.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        self.pass.is_timed()
    }
}
