use std::collections::VecDeque;

use crate::{Algorithm, Charge, Limit};

/// How much is charged, in the parts in which it was counted: each until its own time, and by whom.
pub(super) struct Charged {
    /// What it is to cost.
    wanted: u32,
    /// How much was taken or asked to be counted so far; what is really charged is no more than that.
    asked: u32,
    is_closed: bool,
    /// Whether somebody is at it.
    is_busy: bool,
    limit: Limit,
    /// As it was taken, or what is left of it.
    reserved: Charge,
    /// What came on top, the oldest first.
    on_top: VecDeque<Charge>,
}

/// What is to be done next.
pub(super) enum Next {
    Nothing,
    Count(Charge),
    GiveBack(Charge),
}

/// How many parts are remembered: as many as the largest log has entries. Those of a window add up, and so do those of
/// a bucket.
const MOST: usize = 64;

impl Charged {
    pub(super) fn new(reserved: Charge, limit: &Limit) -> Self {
        let cost = reserved.cost();
        Self {
            wanted: cost,
            asked: cost,
            is_closed: false,
            is_busy: false,
            limit: *limit,
            reserved,
            on_top: VecDeque::new(),
        }
    }

    /// Notes what it is to cost; whether whoever said so has to do it.
    pub(super) fn settle(&mut self, cost: u32) -> bool {
        if self.is_closed {
            return false;
        }
        self.wanted = cost;
        !std::mem::replace(&mut self.is_busy, true)
    }

    /// Notes that it is to cost nothing, for good; whether whoever said so has to do it.
    pub(super) fn close(&mut self) -> bool {
        let goes_on = self.settle(0);
        self.is_closed = true;
        goes_on
    }

    pub(super) const fn wanted(&self) -> u32 {
        self.wanted
    }

    /// What to do, until nothing is left to be done.
    pub(super) fn next(&mut self) -> Next {
        let more = self.wanted.saturating_sub(self.asked);
        self.asked = self.wanted;
        if more > 0 {
            return Next::Count(Charge { cost: more, until: 0, ..self.reserved });
        }
        if let Some(charge) = self.take_out() {
            return Next::GiveBack(charge);
        }
        self.is_busy = false;
        Next::Nothing
    }

    /// So much came on top; nothing, if nobody knows.
    pub(super) fn counted(&mut self, charge: Option<&Charge>) {
        let Some(charge) = charge.filter(|charge| charge.cost() > 0) else { return };
        if let Some(last) = self.on_top.back_mut()
            && let Some(whole) = together(&self.limit, last, charge)
        {
            *last = whole;
            return;
        }
        if self.on_top.len() >= MOST {
            self.on_top.pop_front();
        }
        self.on_top.push_back(*charge);
    }

    /// What is charged beyond what it is to cost, out of the part that came last.
    fn take_out(&mut self) -> Option<Charge> {
        let all =
            self.on_top.iter().map(Charge::cost).fold(self.reserved.cost(), u32::saturating_add);
        let excess = all.saturating_sub(self.wanted);
        let part = self.on_top.back_mut().unwrap_or(&mut self.reserved);
        let back = Charge { cost: excess.min(part.cost), ..*part };
        if back.cost == 0 {
            return None;
        }
        part.cost -= back.cost;
        if self.limit.algorithm() == Algorithm::Gcra && part.until > 0 {
            // What is left of it is there again so much sooner.
            part.until = part.until.saturating_sub(self.limit.price(back.cost)).max(1);
        }
        if part.cost == 0 {
            self.on_top.pop_back();
        }
        Some(back)
    }
}

/// Two parts as one, if it tells the same of them.
fn together(limit: &Limit, first: &Charge, then: &Charge) -> Option<Charge> {
    let both = Charge { cost: first.cost.saturating_add(then.cost), ..*first };
    if first.source != then.source {
        return None;
    }
    if first.until == then.until {
        return Some(both);
    }
    let is_bucket = limit.algorithm() == Algorithm::Gcra && first.until > 0 && then.until > 0;
    // What others have taken in between leaks out between the two: as if it were not there, no more of both is left at
    // any time than there is.
    let until = first.until.saturating_add(limit.price(then.cost)).min(then.until);
    is_bucket.then_some(Charge { until, ..both })
}
