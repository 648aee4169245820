use buttress_core::clock::Moment;

use crate::board::{Board, Group};
use crate::status::fold;
use crate::{CheckStatus, Status};

/// What all checks together meant at some time.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) generation: u64,
    pub(crate) edition: u64,
    /// When that was.
    pub(crate) made: Moment,
    /// From when on it has to be made anew.
    pub(crate) until: Moment,
    overall: Status,
    groups: Box<[Status]>,
    /// How many checks nobody knows anything about any more.
    pub(crate) unknown: usize,
}

impl Verdict {
    #[cold]
    pub(crate) fn of(board: &Board, generation: u64, edition: u64, now: Moment) -> Self {
        let mut until = Moment::LAST;
        let mut unknown = 0;
        let judged: Vec<_> = board
            .slots
            .iter()
            .map(|slot| {
                let (status, expires) = slot.judge(now, &board.own);
                until = until.min(expires);
                unknown += usize::from(status == CheckStatus::Unknown);
                (slot.importance, status)
            })
            .collect();
        let of = |group: &Group| {
            board.held_or(fold(group.members.iter().filter_map(|at| judged.get(*at).copied())))
        };
        Self {
            generation,
            edition,
            made: now,
            until,
            overall: board.held_or(fold(judged.iter().copied())),
            groups: board.groups.iter().map(of).collect(),
            unknown,
        }
    }

    /// What it says of the whole, or of one group.
    pub(crate) fn status(&self, group: Option<usize>) -> Status {
        let of_group = group.and_then(|group| self.groups.get(group));
        of_group.copied().unwrap_or(self.overall)
    }
}
