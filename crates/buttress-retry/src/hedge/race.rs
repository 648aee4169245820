use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_core::clock::Moment;
use pin_project_lite::pin_project;

use super::Hedging;

pin_project! {
    /// What stands beside a first attempt that has to be waited for: until it is time for a hedge, and then the hedge.
    pub(crate) struct Race<L, A> {
        // When the first began to be waited for.
        began: Moment,
        #[pin]
        lane: L,
        // What the first has come to, if it is bad.
        spare: Option<A>,
        // Whether the second has come to something before it, and that is bad.
        is_second_bad: bool,
    }
}

impl<L, A> Race<L, A> {
    /// Nothing has come yet, of a first attempt that begins to be waited for now.
    const fn new(began: Moment, lane: L) -> Self {
        Self { began, lane, spare: None, is_second_bad: false }
    }
}

/// In a box, so that what is ready at once has no room for it.
pub(crate) type Boxed<L, A> = Option<Pin<Box<Race<L, A>>>>;

/// Which of the two an attempt has come to.
pub(crate) enum Raced<A> {
    First(A),
    /// The first is to be dropped, which works still.
    Second(A),
}

impl<A> Raced<A> {
    fn answer(self) -> A {
        match self {
            Self::First(answer) | Self::Second(answer) => answer,
        }
    }

    /// The same, once the first was dropped in this way that works still: the loser goes before the answer does.
    pub(crate) fn answer_after(self, drop_first: impl FnOnce()) -> A {
        if matches!(self, Self::Second(_)) {
            drop_first();
        }
        self.answer()
    }
}

/// Two attempts of one call, whatever it is.
pub(crate) trait Racing {
    /// Where the second stands.
    type Lane;
    type Answer;

    fn now(&self) -> Moment;

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Self::Answer>;

    /// The first has to be waited for: what stands beside it from now on, if it may be hedged.
    fn begin(&mut self, hedging: &Hedging) -> Option<Self::Lane>;

    /// Whether there are two under way.
    fn is_sent(lane: &Self::Lane) -> bool;

    /// What the second has come to; nothing, once there is none.
    fn poll_second(
        &mut self,
        lane: Pin<&mut Self::Lane>,
        hedging: &Hedging,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Self::Answer>>;

    /// Whether it may win.
    fn is_good(&self, answer: &Self::Answer) -> bool;
}

/// Polls the first attempt, and whatever stands beside it.
pub(crate) fn poll_both<R: Racing>(
    hedging: &Hedging,
    racing: &mut R,
    race: &mut Boxed<R::Lane, R::Answer>,
    cx: &mut Context<'_>,
) -> Poll<Raced<R::Answer>> {
    let is_over = race.as_ref().is_some_and(|race| race.spare.is_some());
    if !is_over {
        match racing.poll_first(cx) {
            Poll::Ready(answer) => {
                if let Some(answer) = first_ended(hedging, racing, race, answer) {
                    return Poll::Ready(Raced::First(answer));
                }
            }
            Poll::Pending if race.is_none() => {
                let lane = racing.begin(hedging);
                let begun = |lane| Box::pin(Race::new(racing.now(), lane));
                *race = lane.map(begun);
            }
            Poll::Pending => {}
        }
    }
    let Some(beside) = race else { return Poll::Pending };
    let lane = beside.as_mut().project().lane;
    let second = ready!(racing.poll_second(lane, hedging, cx));
    match second {
        Some(second) if racing.is_good(&second) => {
            hedging.won(beside.began, racing.now());
            *race = None;
            Poll::Ready(Raced::Second(second))
        }
        second => second_lost(hedging, race, second.is_some()),
    }
}

/// The first has come to this; it is given back if that is what the attempt has come to.
fn first_ended<R: Racing>(
    hedging: &Hedging,
    racing: &R,
    race: &mut Boxed<R::Lane, R::Answer>,
    answer: R::Answer,
) -> Option<R::Answer> {
    let Some(beside) = race else { return Some(answer) };
    let is_sent = R::is_sent(&beside.lane);
    if racing.is_good(&answer) {
        hedging.lost(is_sent || beside.is_second_bad, beside.began, racing.now());
    } else if is_sent {
        *beside.as_mut().project().spare = Some(answer);
        return None;
    } else if beside.is_second_bad {
        hedging.both_bad();
    }
    // What was not sent is not sent any more: a bad answer must not speed us up.
    *race = None;
    Some(answer)
}

/// There is no second, or it is bad: if the first has come to something, that is what came back.
fn second_lost<L, A>(hedging: &Hedging, race: &mut Boxed<L, A>, was_bad: bool) -> Poll<Raced<A>> {
    let Some(beside) = race else { return Poll::Pending };
    let beside = beside.as_mut().project();
    let Some(first) = beside.spare.take() else {
        // Whether it has lost to the first, or both are bad, is known when that ends.
        *beside.is_second_bad |= was_bad;
        return Poll::Pending;
    };
    if was_bad {
        hedging.both_bad();
    }
    *race = None;
    Poll::Ready(Raced::First(first))
}
