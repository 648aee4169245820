use buttress_core::clock::Moment;
use http::HeaderValue;

use crate::Status;
use crate::board::Board;
use crate::hops::{HopId, Via, through};
use crate::status::{Tally, meaning};

/// Where the checks lead and what they mean, as it was at one verdict: so that leaving out those that lead to one who
/// asks costs a look at their name, whatever the number of checks.
pub(crate) struct Ways {
    /// That of the verdict.
    pub(crate) edition: u64,
    /// What is answered to one who said who they are.
    pub(crate) through: Option<HeaderValue>,
    /// Who is reached by which check, in their order.
    leads: Box<[(HopId, usize)]>,
    /// What each check means. Empty if none leads anywhere.
    means: Box<[Status]>,
    /// The whole, then each group.
    tallies: Box<[Tally]>,
}

impl Ways {
    #[cold]
    pub(crate) fn of(board: &Board, edition: u64, now: Moment) -> Self {
        let hops = || board.slots.iter().filter_map(|slot| slot.hops.as_ref());
        let mut ways = Self {
            edition,
            through: through(&board.own, hops()),
            leads: Box::default(),
            means: Box::default(),
            tallies: Box::default(),
        };
        let mut leads = Vec::new();
        for (at, slot) in board.slots.iter().enumerate() {
            let Some(hops) = &slot.hops else { continue };
            hops.for_each_reached(|name| leads.push((name.clone(), at)));
        }
        if leads.is_empty() {
            return ways;
        }
        leads.sort_unstable();
        leads.dedup();
        let means: Box<[_]> = board
            .slots
            .iter()
            .map(|slot| meaning(slot.importance, board.judge(slot, now)))
            .collect();
        let groups = board.groups.iter().map(|group| {
            group.members.iter().filter_map(|at| means.get(*at).copied()).collect::<Tally>()
        });
        ways.tallies = std::iter::once(means.iter().copied().collect()).chain(groups).collect();
        (ways.leads, ways.means) = (leads.into(), means);
        ways
    }

    /// How the whole or a group is without the checks that lead to one of these; nothing if none of them does.
    pub(crate) fn without(
        &self,
        via: &Via<'_>,
        board: &Board,
        group: Option<usize>,
    ) -> Option<Status> {
        let mut tally = *self.tallies.get(group.map_or(0, |group| group + 1))?;
        let (found, names) = self.find(via);
        // A check that leads to several of them is left out once.
        let mut seen = vec![false; if names > 1 { self.means.len() } else { 0 }];
        let mut any = false;
        for (_, at) in found.iter().copied().flatten() {
            let is_again = seen.get_mut(*at).is_some_and(|seen| std::mem::replace(seen, true));
            if !is_again
                && board.is_member(*at, group)
                && let Some(means) = self.means.get(*at)
            {
                tally.leave_out(*means);
                any = true;
            }
        }
        any.then(|| tally.worst())
    }

    /// What leads to each of these, and to how many of them anything does.
    fn find(&self, via: &Via<'_>) -> ([&[(HopId, usize)]; Via::MOST], usize) {
        let mut found = [&[][..]; Via::MOST];
        let known = via.names().iter().map(|name| self.to(name)).filter(|leads| !leads.is_empty());
        let count = found.iter_mut().zip(known).map(|(place, leads)| *place = leads).count();
        (found, count)
    }

    fn to(&self, name: &str) -> &[(HopId, usize)] {
        let begin = self.leads.partition_point(|(lead, _)| lead.as_str() < name);
        let rest = self.leads.get(begin..).unwrap_or_default();
        let end = rest.partition_point(|(lead, _)| lead.as_str() == name);
        rest.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
#[cfg(feature = "http")]
#[cfg(not(buttress_loom))]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use buttress_core::clock::Timestamp;
    use buttress_core::{Health, HealthStatus, Redact};
    use buttress_testkit::allocations;
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;
    use crate::course::{Course, Finding};
    use crate::hops::VIA;
    use crate::slot::{Plan, Seen};
    use crate::status::fold;
    use crate::{Check, HealthChecks};

    const NAMES: [&str; 6] = ["shop", "stock", "mail", "bank", "x", "shop-2"];

    fn via(names: &[usize]) -> HeaderMap {
        let names: Vec<_> = names.iter().map(|at| NAMES[*at]).collect();
        HeaderMap::from_iter([(VIA, names.join(", ").parse().unwrap())])
    }

    /// A check: the names that it reaches, what it found, and whether it is in the group.
    type Of = (Vec<usize>, Option<HealthStatus>, bool);

    fn checks(all: &[Of]) -> HealthChecks {
        let checks = all.iter().enumerate().map(|(at, (_, _, in_group))| {
            let check = Check::http(format!("c{at}"), "http://stock.internal/ready");
            let check = if at % 2 == 0 { check.critical() } else { check.degrading() };
            if *in_group { check.group("some") } else { check }
        });
        let health = HealthChecks::builder().checks(checks).build().unwrap();
        for (slot, (reached, found, _)) in health.0.board.slots.iter().zip(all) {
            let names = reached.iter().filter_map(|at| HopId::parse(NAMES[*at])).collect();
            slot.hops.as_ref().unwrap().reach(names);
            if let Some(found) = found {
                health.0.board.put(slot, seen(*found), || Moment::FIRST);
            }
        }
        health
    }

    fn seen(status: HealthStatus) -> Seen {
        let finding = Finding {
            health: Health::up(),
            took: Duration::ZERO,
            ended: Moment::FIRST,
            time: Timestamp::EPOCH,
        };
        let plan = Plan {
            deadline: Duration::ZERO,
            interval: Duration::ZERO,
            jitter: 0,
            initial_delay: Duration::ZERO,
            stale_after: Duration::from_secs(1),
            fall: NonZeroU32::MIN,
            rise: NonZeroU32::MIN,
        };
        let (seen, _) = Course::new(&plan, None).note(&finding, &Redact::default());
        Seen { status, ..seen }
    }

    fn of() -> impl Strategy<Value = Of> {
        let found = prop::option::of(prop::sample::select(vec![
            HealthStatus::Up,
            HealthStatus::Degraded,
            HealthStatus::Down,
        ]));
        (prop::collection::vec(0..6_usize, 0..4), found, any::<bool>())
    }

    proptest! {
        /// It is what asking each of the others would say.
        #[test]
        fn it_is_what_the_others_mean(
            all in prop::collection::vec(of(), 0..8),
            asking in prop::collection::vec(0..6_usize, 1..5),
            of_group in any::<bool>(),
        ) {
            let health = checks(&all);
            let (board, now, headers) = (&health.0.board, Moment::FIRST, via(&asking));
            let (via, group) = (Via::read(&headers), board.group("some").filter(|_| of_group));
            let ways = board.ways(&board.verdict(now), now);
            let leads = board.members(group).any(|slot| slot.hops.as_ref().unwrap().lead_to(&via));
            let others = fold(board.members(group).map(|slot| (slot.importance, board.judge_for(slot, &via, now))));
            prop_assert_eq!(board.status_for(&via, &ways, group), leads.then_some(others));
        }
    }

    /// Nor does it grow with the checks, but with those that lead to who asks.
    #[test]
    fn who_asks_costs_nothing_to_keep() {
        let health = checks(&vec![(vec![0, 1], None, false); 1_000]);
        let mut request = http::Request::get("/ready").body(()).unwrap();
        for (asking, status, count) in [(&[5][..], 503, 6), (&[0], 200, 4), (&[0, 1], 200, 5)] {
            *request.headers_mut() = via(asking);
            let asked = health.0.asked(&request).unwrap();
            assert_eq!(health.0.answer(&request, asked).unwrap().status(), status);
            let (answer, counted) = allocations::of(|| health.0.answer(&request, asked));
            // One less than in a stage: its place.
            assert_eq!(counted.allocations(), count - 1, "{asking:?}");
            drop(answer);
        }
    }
}
