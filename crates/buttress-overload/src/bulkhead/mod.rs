//! A bulkhead: no more calls at the same time than a dependency can bear.
//!
//! Where one dependency becomes slow, calls to it pile up, until they hold all memory and connections there are, and the
//! whole service goes down with it. A bulkhead lets so many calls through at a time; what comes then waits, if there is a
//! queue, or is refused.
//!
//! ```
//! use buttress_core::clock::{TokioTimer, ms};
//! use buttress_overload::bulkhead::Bulkhead;
//! use http::{Request, Response};
//! # use std::convert::Infallible;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // One at a time, and two may wait, for half a second.
//! let bulkhead = Bulkhead::of(1).queue(2, ms(500), TokioTimer).build()?;
//! # let client = service_fn(|_: Request<()>| async {
//! #     tokio::time::sleep(ms(300)).await;
//! #     Ok::<_, Infallible>(Response::new(String::new()))
//! # });
//! // A client that takes 300 ms.
//! let client = bulkhead.layer().layer(client);
//!
//! let get = || client.clone().oneshot(Request::new(()));
//! let (first, second, third, fourth) = tokio::join!(get(), get(), get(), get());
//! assert_eq!((first?.status().as_u16(), second?.status().as_u16()), (200, 200));
//! assert_eq!(third?.status(), 503, "after half a second its turn had not come");
//! assert_eq!(fourth?.status(), 503, "there was no place in the queue");
//! # Ok(())
//! # }
//! ```
//!
//! Without tower, around any async call; the error is one that a [`Problem`] can become:
//!
//! ```
//! use buttress_core::Problem;
//! use buttress_overload::bulkhead::Bulkhead;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let database = Bulkhead::of(32).named("database").build()?;
//! let rows = database.run(|| async { Ok::<_, Problem>(7) }).await?;
//! assert_eq!((rows, database.in_flight()), (7, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - Never more calls at a time than the limit: those of all clones and services of one bulkhead together.
//! - **An idle clone holds nothing.** A permit is taken in `call`, never in `poll_ready`: a connection that waits for its next
//!   request takes none from others.
//! - A permit comes back with the head of the answer; with the end of its body after
//!   [`until_body_ends`](BulkheadLayer::until_body_ends), however it ends; and when a call fails, panics or is dropped.
//! - Who waits goes before who comes. The highest [`Priority`] goes first, and of one priority who came first.
//! - Nobody waits longer than the queue allows, and no more at once; what has waited too long is never called. Of one that
//!   went away, the turn is the next one's.
//! - A limit that is [changed](Bulkhead::resize) holds at once for who comes, and for who is there as permits come back.
//! - The instance that was polled ready is the one that is called, also after a wait.
//!
//! # Cancellation
//!
//! Dropping a call gives back its permit, or its place in the queue.
//!
//! # Cost
//!
//! What need not wait takes two atomic operations, on a line of memory that few threads share, and allocates nothing. After
//! [`leak`](Bulkhead::leak) no references are counted, so that threads have no line in common. What waits
//! allocates twice, for what it holds and for its sleep; while somebody waits, everybody goes through one lock.
//!
//! # Errors
//!
//! [`BulkheadBuilder::build`] fails with every setting that is wrong. What is refused gets a problem with the code
//! [`SATURATED`](buttress_core::Code::SATURATED), status 503: as a response where there is HTTP, else as an error.
//!
//! [`Problem`]: buttress_core::Problem

mod builder;
mod future;
mod gate;
mod meters;
mod mode;
mod permit;
mod permits;
mod service;
mod settings;

use std::fmt;
use std::future::Future;

use buttress_core::clock::Timer;
use buttress_core::outcome::AsError;
use buttress_core::sync::Shared;
use buttress_core::{BuildError, Code, Faults, Problem};

pub use self::builder::BulkheadBuilder;
pub use self::future::ResponseFuture;
pub use self::meters::CATALOGUE;
pub use self::mode::{HoldingBody, Mode, ToTheEnd, UntilTheEnd};
pub use self::permit::Permit;
use self::permit::Room;
pub use self::service::{BulkheadLayer, Bulkheaded};
pub use self::settings::BulkheadSettings;
use crate::work::Work;
use crate::{NoTimer, Priority};

/// The handle of a bulkhead. Clones are the same bulkhead; see the [module](self) for examples.
pub struct Bulkhead<T: 'static = NoTimer> {
    room: Shared<Room>,
    timer: T,
    priority: Priority,
}

/// The future of [`Bulkhead::run`].
pub type Run<F, T = NoTimer> = ResponseFuture<F, Work, T, AsError>;

impl Bulkhead {
    /// One with so many permits, of which each call takes one.
    pub fn of(permits: u32) -> BulkheadBuilder {
        BulkheadBuilder::new(permits)
    }
}

impl<T> Bulkhead<T> {
    /// A layer for requests of HTTP. For any others there is [`as_error`](BulkheadLayer::as_error).
    pub fn layer(&self) -> BulkheadLayer<buttress_core::stage::Rewrap, T>
    where
        T: Clone,
    {
        BulkheadLayer::new(self.clone())
    }

    /// The same bulkhead, for calls that matter so much, unless they say otherwise.
    ///
    /// ```
    /// use buttress_overload::Priority;
    /// use buttress_overload::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::of(8).build()?;
    /// let nightly = bulkhead.clone().with_priority(Priority::Background);
    /// let _permit = nightly.try_enter()?;
    /// assert_eq!(bulkhead.in_flight(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// Keeps it for as long as the program runs, and spares every call the counting of references.
    ///
    /// For a bulkhead that is made once: what is made and dropped again and again would fill the memory.
    #[must_use]
    pub fn leak(self) -> Self {
        Self { room: self.room.leak(), ..self }
    }

    /// Calls `work` once there is a permit for it, and gives that back when it is done.
    ///
    /// The permit, or a place in the queue, is taken here, and not with the first poll.
    pub fn run<F, Fut, R, E>(&self, work: F) -> Run<F, T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: From<Problem>,
        T: Timer,
    {
        match Permit::take(&self.room) {
            Some(permit) => {
                self.room.meters.passed.increment(1);
                ResponseFuture::calling(work(), permit)
            }
            None => service::line_up(self, self.priority, &mut Work::default(), work),
        }
    }

    /// A permit, for what is no future; it does not wait.
    ///
    /// # Errors
    ///
    /// Fails if there is none, or if somebody waits for one.
    pub fn try_enter(&self) -> Result<Permit, Problem> {
        let Some(permit) = Permit::take(&self.room) else {
            self.room.meters.full.increment(1);
            return Err(Problem::new(Code::SATURATED));
        };
        self.room.meters.passed.increment(1);
        Ok(permit)
    }

    /// Changes how many calls may be under way at a time. Where more are, none is stopped: their permits are not given
    /// out again.
    ///
    /// ```
    /// use buttress_overload::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::of(1).build()?;
    /// let first = bulkhead.try_enter()?;
    /// bulkhead.resize(2)?;
    /// assert!(bulkhead.try_enter().is_ok());
    ///
    /// assert_eq!(bulkhead.resize(0).unwrap_err().faults()[0].path(), "permits");
    /// assert_eq!(bulkhead.limit(), 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if it is none or too many, and then nothing has changed.
    pub fn resize(&self, permits: u32) -> Result<(), BuildError> {
        let mut faults = Faults::new();
        builder::check_permits(permits, &mut faults);
        faults.finish(())?;
        self.room.gate.resize(permits);
        Ok(())
    }

    /// How many calls may be under way at a time.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.room.gate.limit()
    }

    /// How many are, looked at in passing.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.room.gate.out()
    }

    /// How many wait for a permit.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.room.gate.waiting()
    }
}

impl<T: Clone> Clone for Bulkhead<T> {
    #[inline]
    fn clone(&self) -> Self {
        let Self { room, timer, priority } = self;
        Self { room: room.clone(), timer: timer.clone(), priority: *priority }
    }
}

impl<T> fmt::Debug for Bulkhead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("gate", &self.room.gate)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
