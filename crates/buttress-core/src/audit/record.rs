use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Action, Outcome, Party};
use crate::clock::Timestamp;
use crate::trace::TraceId;

/// What a [`Sink`](super::Sink) is told of an [`Event`](super::Event): nothing that must not be told.
///
/// It borrows from the event; [`into_owned`](Self::into_owned) keeps it. With `serde` it is one object, as here:
///
/// ```
/// use buttress_core::audit::{Action, Actor, Audit, Event, Outcome, channel};
/// # use buttress_core::clock::{ManualClock, Timestamp};
///
/// const BAN_LIFTED: Action = Action::new("ratelimit.ban_lifted");
///
/// let (sink, mut records) = channel(100);
/// # let clock = ManualClock::new();
/// # clock.set_wall(Timestamp::from_millis(1_795_247_160_123));
/// let audit = Audit::builder().sink(sink).clock(clock).build()?;
///
/// let desk = Actor::System("support desk");
/// audit.record(&Event::new(BAN_LIFTED, Outcome::Succeeded).actor(desk).reason("call of ada@example.org"));
///
/// let record = records.try_recv().unwrap();
/// assert_eq!(record.action(), BAN_LIFTED);
/// assert_eq!(record.reason(), Some("call of a***@example.org"));
/// assert_eq!(
///     serde_json::to_string(&record)?,
///     r#"{"time":"2026-11-21T07:46:00.123Z","action":"ratelimit.ban_lifted","outcome":"succeeded","#.to_owned()
///         + r#""actor":{"kind":"system","name":"support desk"},"reason":"call of a***@example.org"}"#
/// );
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    pub(super) time: Timestamp,
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    pub(super) actor: Party<'a>,
    pub(super) client: Option<Party<'a>>,
    pub(super) target: Option<Cow<'a, str>>,
    pub(super) reason: Option<Cow<'a, str>>,
    pub(super) request_id: Option<Cow<'a, str>>,
    pub(super) trace_id: Option<TraceId>,
    pub(super) left_out: u32,
}

impl Record<'_> {
    /// When it was.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
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

    /// Who did it.
    #[must_use]
    pub const fn actor(&self) -> &Party<'_> {
        &self.actor
    }

    /// From where, if the actor is not the client itself.
    #[must_use]
    pub const fn client(&self) -> Option<&Party<'_>> {
        self.client.as_ref()
    }

    /// To what; redacted, and cut to 256 bytes.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Why; redacted, and cut to 512 bytes.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The id of the request, as the client and the log have it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The trace that the request is part of.
    #[must_use]
    pub const fn trace_id(&self) -> Option<TraceId> {
        self.trace_id
    }

    /// How many of this action before it were not told, because they were a flood.
    #[must_use]
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Keeps it.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Record {
            time: self.time,
            action: self.action,
            outcome: self.outcome,
            actor: self.actor.into_owned(),
            client: self.client.map(Party::into_owned),
            target: owned(self.target),
            reason: owned(self.reason),
            request_id: owned(self.request_id),
            trace_id: self.trace_id,
            left_out: self.left_out,
        }
    }
}

/// One object; what is not known is left out.
impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("action", self.action.name())?;
        map.serialize_entry("outcome", self.outcome.as_str())?;
        map.serialize_entry("actor", &self.actor)?;
        if let Some(client) = &self.client {
            map.serialize_entry("client", client)?;
        }
        let texts =
            [("target", &self.target), ("reason", &self.reason), ("request_id", &self.request_id)];
        for (name, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        if let Some(trace_id) = &self.trace_id {
            map.serialize_entry("trace_id", &format_args!("{trace_id}"))?;
        }
        if self.left_out > 0 {
            map.serialize_entry("left_out", &self.left_out)?;
        }
        map.end()
    }
}
