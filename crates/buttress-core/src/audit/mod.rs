//! Security events: who did what to what, when, and how that ended.
//!
//! An audit is not a log. A log tells operators how the program is; an audit tells those responsible what people did.
//! So its records have their own fields, they say no more of a person than they must, and they may go to their own
//! place.
//!
//! ```
//! use buttress_core::audit::{Action, Actor, Audit, Event, Outcome, channel};
//! use buttress_core::{Context, Principal, stage::{RequestHead, Stage}};
//! # use std::net::SocketAddr;
//!
//! const LOGGED_IN: Action = Action::new("shop.logged_in");
//!
//! let (sink, mut records) = channel(1_000);
//! let audit = Audit::builder().tracing().sink(sink).build()?;
//!
//! # let mut request = http::Request::post("/login").body(())?;
//! # request.extensions_mut().insert(SocketAddr::from(([203, 0, 113, 7], 4711)));
//! # let memo = Context::default().enter(&mut request);
//! let context = request.context().unwrap();
//! let ada = Principal::new("ada@example.org");
//! let event = Event::new(LOGGED_IN, Outcome::Refused).actor(Actor::Principal(&ada)).request(context);
//! audit.record(&event.target("back office").reason("wrong password"));
//!
//! let record = records.try_recv().unwrap();
//! assert_eq!(record.outcome(), Outcome::Refused);
//! assert_eq!(record.request_id(), Some(context.id().as_str()));
//! // Enough to find all that she did, and not who she is.
//! assert_eq!((record.actor().kind(), record.actor().name()), ("principal", None));
//! assert!(record.actor().key().is_some());
//! assert_eq!(record.client().unwrap().name().unwrap(), "203.0.113.0/24");
//! # drop(memo);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where records go
//!
//! | sink | |
//! |---|---|
//! | `tracing` | the default: an event `audit` at info level, with the target `buttress::audit` |
//! | [`channel`] | to a task or a thread of yours, which may put them into a database; bounded |
//! | [`Receiver::write_json_lines`] | the same, into a file, one object a line |
//! | [`JsonLines`] | into a writer, at once |
//! | a [`Sink`] of your own | |
//!
//! # Guarantees
//!
//! - No sink sees more of people than a [`Party`] tells; targets and reasons are [redacted](crate::redact) and then
//!   cut. [`AuditBuilder::dangerous_show_people`] is the only way around the first.
//! - Nothing from outside breaks a line, or adds a field.
//! - Of an action that is [sampled](Action::sampled), so many are told in a second; the next one says how many were
//!   not, and a metric says it at once. All other actions are told each time.
//! - A [`channel`] never waits, and its memory is bounded: records without room are counted.
//! - Records of one thread arrive in the order in which it told them.
//!
//! An audit does not promise that a record was kept before the answer leaves: if you need that, write it in the
//! transaction it is about.
//!
//! # Cancellation
//!
//! Recording is done at once, and cannot be cancelled. To stop waiting for [`Receiver::recv`] loses nothing.
//!
//! # Metrics
//!
//! | name | labels | |
//! |---|---|---|
//! | `buttress_audit_events_total` | `action`, `outcome` | events, whether or not somebody listens |
//! | `buttress_audit_left_out_total` | `action` | those of them that were not told, as they were a flood |
//! | `buttress_audit_lost_total` | | records that a sink did not take |
//!
//! # Cost
//!
//! If no sink wants an action, one question to each of them, and no allocation. If one does: a read of the clock, a
//! keyed hash for the actor, a look through target and reason for what must not be told, and what the sink does.
//! `tracing` and your own sinks get a record that borrows from the event. A [`channel`] copies it: an allocation for
//! each text.
//!
//! # Errors
//!
//! [`AuditBuilder::build`] refuses settings that would tell nothing. Recording cannot fail: records that a sink loses
//! are counted.

mod action;
mod builder;
mod channel;
mod event;
mod handle;
mod lines;
mod party;
mod record;
mod sink;

pub use self::action::{Action, Outcome};
pub use self::builder::{AuditBuilder, CATALOGUE};
pub use self::channel::{ChannelSink, Receiver, channel};
pub use self::event::{Actor, Event};
pub use self::handle::Audit;
pub use self::lines::JsonLines;
pub use self::party::Party;
pub use self::record::Record;
pub use self::sink::Sink;
