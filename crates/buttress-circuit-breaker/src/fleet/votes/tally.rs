use std::time::Duration;

use crate::Force;

/// What a member asks about one breaker, and what it knows of it.
///
/// ```
/// use buttress_circuit_breaker::Force;
/// use buttress_circuit_breaker::fleet::{Asked, Order};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let asked = Asked::about("payments").newer_than(second).knowing(Order::new(7, Force::Open));
/// assert_eq!((asked.breaker(), asked.age()), ("payments", Some(second)));
/// assert_eq!(asked.known().map(Order::version), Some(7));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "nothing is asked yet"]
pub struct Asked<'a> {
    breaker: &'a str,
    age: Option<Duration>,
    known: Option<Order>,
}

impl<'a> Asked<'a> {
    /// About the breaker of this name.
    pub const fn about(breaker: &'a str) -> Self {
        Self { breaker, age: None, known: None }
    }

    /// Counts only votes that are younger than this. All count otherwise, as long as they last.
    pub const fn newer_than(self, age: Duration) -> Self {
        Self { age: Some(age), ..self }
    }

    /// Knows of this order.
    pub const fn knowing(self, order: Order) -> Self {
        Self { known: Some(order), ..self }
    }

    /// The name of the breaker.
    #[must_use]
    pub const fn breaker(&self) -> &'a str {
        self.breaker
    }

    /// The age from which on votes do not count.
    #[must_use]
    pub const fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The last order that it knows of.
    #[must_use]
    pub const fn known(&self) -> Option<Order> {
        self.known
    }
}

/// How a breaker stands in the fleet.
///
/// ```
/// use buttress_circuit_breaker::Force;
/// use buttress_circuit_breaker::fleet::{Order, Tally};
///
/// let tally = Tally::new(9, 2).voted(true).ordered(Order::new(7, Force::Open));
/// assert_eq!((tally.members(), tally.votes(), tally.has_voted()), (9, 2, true));
/// assert_eq!(tally.order().map(Order::force), Some(Force::Open));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use = "it says what the fleet knows"]
pub struct Tally {
    members: u32,
    votes: u32,
    voted: bool,
    order: Option<Order>,
}

impl Tally {
    /// So many members are there, and so many votes count.
    pub const fn new(members: u32, votes: u32) -> Self {
        Self { members, votes, voted: false, order: None }
    }

    /// Whether a vote of whoever asks is there, also one that is too old to count.
    pub const fn voted(self, voted: bool) -> Self {
        Self { voted, ..self }
    }

    /// This is the last order.
    pub const fn ordered(self, order: Order) -> Self {
        Self { order: Some(order), ..self }
    }

    /// How many members are there, whoever asks among them.
    #[must_use]
    pub const fn members(&self) -> u32 {
        self.members
    }

    /// How many votes count.
    #[must_use]
    pub const fn votes(&self) -> u32 {
        self.votes
    }

    /// Whether a vote of whoever asks is there.
    #[must_use]
    pub const fn has_voted(&self) -> bool {
        self.voted
    }

    /// The last order, if there was one.
    #[must_use]
    pub const fn order(&self) -> Option<Order> {
        self.order
    }
}

/// What an operator ordered for a breaker in all processes. The one with the highest version holds.
///
/// See [`Tally`] for an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Order {
    version: u64,
    force: Force,
}

impl Order {
    /// The order of this version.
    #[must_use]
    pub const fn new(version: u64, force: Force) -> Self {
        Self { version, force }
    }

    /// The higher, the later.
    #[must_use]
    pub const fn version(self) -> u64 {
        self.version
    }

    /// What was ordered.
    #[must_use]
    pub const fn force(self) -> Force {
        self.force
    }

    /// Whether this one holds, and not `other`.
    pub(in crate::fleet) fn is_later_than(self, other: Option<Self>) -> bool {
        other.is_none_or(|other| self.version > other.version)
    }
}
