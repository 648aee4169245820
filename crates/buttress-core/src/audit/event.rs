use std::fmt;

use super::{Action, Outcome};
use crate::{ClientAddress, Key, Principal, RequestContext};

/// Something that an audit should know: who did what to what, and how that ended.
///
/// It borrows what it is told, so it costs nothing until somebody listens.
///
/// ```
/// use buttress_core::audit::{Action, Actor, Event, Outcome};
///
/// const BAN_LIFTED: Action = Action::new("ratelimit.ban_lifted");
///
/// let event = Event::new(BAN_LIFTED, Outcome::Succeeded)
///     .actor(Actor::System("support desk"))
///     .target("logins")
///     .reason("the customer called");
/// assert_eq!(event.action(), BAN_LIFTED);
/// assert_eq!(format!("{event:?}"), "Event(ratelimit.ban_lifted, succeeded)", "people are not for the log");
/// ```
#[derive(Clone, Copy)]
#[must_use = "nobody hears of it until it is recorded"]
pub struct Event<'a> {
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    pub(super) actor: Actor<'a>,
    pub(super) client: Option<ClientAddress>,
    pub(super) target: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) context: Option<&'a RequestContext>,
}

impl<'a> Event<'a> {
    /// This was tried, and ended so. Nobody knows yet by whom.
    pub const fn new(action: Action, outcome: Outcome) -> Self {
        let actor = Actor::Unknown;
        Self { action, outcome, actor, client: None, target: None, reason: None, context: None }
    }

    /// Says who did it. Where nobody does, it is whom the request is from: its principal, or else its client.
    pub const fn actor(self, actor: Actor<'a>) -> Self {
        Self { actor, ..self }
    }

    /// Says from where, if there is no request that knows.
    pub const fn client(self, client: ClientAddress) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Says to what: the name of a policy, a flag, an account. It is told, so say nothing there that must not be.
    pub const fn target(self, target: &'a str) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Says why, in words.
    pub const fn reason(self, reason: &'a str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Says in which request: its id and its trace are told, and who it is from.
    pub const fn request(self, context: &'a RequestContext) -> Self {
        Self { context: Some(context), ..self }
    }

    /// What was tried.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// How that ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Who did it, and from where, where that is somebody else.
    pub(super) fn parties(&self) -> (Actor<'a>, Option<ClientAddress>) {
        let client = self.client.or_else(|| self.context?.client());
        if !matches!(self.actor, Actor::Unknown) {
            return (self.actor, client);
        }
        match (self.context.and_then(RequestContext::principal), client) {
            (Some(principal), client) => (Actor::Principal(principal), client),
            (None, Some(client)) => (Actor::Client(client), None),
            (None, None) => (Actor::Unknown, None),
        }
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({}, {})", self.action, self.outcome)
    }
}

/// Who did something. What of that is told is said at [`Party`](super::Party).
///
/// ```
/// use buttress_core::Principal;
/// use buttress_core::audit::Actor;
///
/// let ada = Principal::new("user-7");
/// assert_eq!(format!("{:?}", Actor::Principal(&ada)), "Principal(Principal(…))");
/// assert_eq!(format!("{:?}", Actor::System("cron")), r#"System("cron")"#);
/// ```
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum Actor<'a> {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Who is calling.
    Client(ClientAddress),
    /// Who has proven to be it.
    Principal(&'a Principal),
    /// Who has this key, and more is not known.
    Key(Key),
    /// A part of the system, or a person who runs it, by a name that may be told.
    System(&'a str),
}

impl fmt::Debug for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("Unknown"),
            Self::Client(_) => f.write_str("Client(…)"),
            Self::Principal(principal) => write!(f, "Principal({principal:?})"),
            Self::Key(key) => write!(f, "{key:?}"),
            Self::System(name) => write!(f, "System({name:?})"),
        }
    }
}
