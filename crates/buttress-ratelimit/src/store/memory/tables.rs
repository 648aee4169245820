use super::settings::Settings;
use super::table::Table;
use crate::Algorithm;

/// A table for each policy, made when the policies are known.
pub(super) struct Tables {
    algorithms: Box<[Algorithm]>,
    all: Box<[Table]>,
}

impl Tables {
    pub(super) fn new(algorithms: impl Iterator<Item = Algorithm>, settings: &Settings) -> Self {
        let room = settings.room.within_reason();
        let algorithms: Box<[_]> = algorithms.collect();
        let all = algorithms.iter().map(|of| Table::new(*of, room, settings.when_full)).collect();
        Self { algorithms, all }
    }

    /// By the numbers of their policies.
    #[inline]
    pub(super) fn all(&self) -> &[Table] {
        &self.all
    }

    /// Whether they are those of policies that count like this.
    pub(super) fn count_as(&self, algorithms: &[Algorithm]) -> bool {
        *self.algorithms == *algorithms
    }
}
