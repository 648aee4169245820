//! How a crate holds "memory or Redis, decided at run time", and what it does while Redis is away.
//!
//! - [`Step`]: an answer that is there, or has to be waited for. A store in memory makes no future.
//! - [`Answered`]: what was answered, and by whom.
//! - [`Fallback`] with a [`Degrade`]: Redis within a budget of time, and an answer without it.
//!
//! A stage over any store waits for what its store waits for. So over a store that is statically in memory it has
//! `Wait = Never`, no room for a wait, and decides at once; over an engine it has a future with a name:
//!
//! ```
//! use buttress_core::stage::{Decision, DecisionOf, Never, RequestHead, ResponseHead, Stage, Waited};
//! use buttress_core::{Code, Key, Problem};
//! use buttress_redis::engine::{Answered, Asking, Step};
//! use buttress_redis::store::{Counted, CounterStore, Counters, MemoryCounters, Window};
//! use std::time::Duration;
//!
//! /// So many requests a minute, for all together.
//! struct Limit<S> {
//!     store: S,
//!     most: u64,
//! }
//!
//! impl<S: CounterStore> Limit<S> {
//!     fn decide(&self, answer: Answered<Counted>) -> DecisionOf<Self> {
//!         match answer {
//!             Answered::Store(counted) | Answered::Local(counted) if counted.total() > self.most => {
//!                 let problem = Problem::new(Code::RATE_LIMITED).with_retry_after(counted.ends_in());
//!                 Decision::Refuse(problem, None)
//!             }
//!             Answered::Deny => Decision::Refuse(Problem::new(Code::UNAVAILABLE), None),
//!             Answered::Store(_) | Answered::Local(_) | Answered::Allow => Decision::Pass(()),
//!         }
//!     }
//! }
//!
//! impl<S: CounterStore> Stage for Limit<S> {
//!     type Memo = ();
//!     type Wait = S::Wait;
//!
//!     fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
//!         let minute = Window::new(Duration::from_secs(60)).unwrap();
//!         match self.store.count(Key::from_bytes([0; 16]), 1, minute) {
//!             Step::Now(answer) => self.decide(answer),
//!             Step::Later(wait) => Decision::Wait(wait),
//!         }
//!     }
//!
//!     fn resume(&self, waited: Waited<Self>, _: &mut dyn RequestHead) -> DecisionOf<Self> {
//!         self.decide(waited.into())
//!     }
//!
//!     fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
//! }
//!
//! fn waits<W, T: Stage<Wait = W>>(_: &T) {}
//!
//! let limit = Limit { store: MemoryCounters::new(), most: 1 };
//! waits::<Never, _>(&limit);
//! let mut request = http::Request::new(());
//! assert!(matches!(limit.enter(&mut request), Decision::Pass(())));
//! assert!(matches!(limit.enter(&mut request), Decision::Refuse(..)));
//!
//! // As the settings say: memory here, which still answers at once.
//! let limit = Limit { store: Counters::from(MemoryCounters::new()), most: 1 };
//! waits::<Asking<Counted>, _>(&limit);
//! assert!(matches!(limit.enter(&mut request), Decision::Pass(())));
//! ```
//!
//! # How to write a store
//!
//! Copy [`store`](crate::store), which is a small one. In this order:
//!
//! 1. **The words.** A trait that speaks of the domain in whole atomic operations (`count`, `take`, `begin` and
//!    `complete`, `rotate`), never of `get` and `set`. Each gives a [`Step`] of an [`Answered`], and the trait has one
//!    associated `Wait`, bound as that of [`CounterStore`](crate::store::CounterStore) is.
//! 2. **The decision**, in a plain type that takes `now`, does no I/O, and has the property tests: `table.rs`.
//! 3. **Memory.** That type behind sharded [locks](buttress_core::sync::Lock) or atomics, none held across an await,
//!    with an injected [`Clock`](buttress_core::clock::Clock). It has a ceiling, and says what gives way there. Its own
//!    methods give plain values; as an engine it has `Wait = Never`. It allocates nothing for a request.
//! 4. **Redis.** One [`Script`](crate::Script) for each operation, in a file of its own that says what its keys,
//!    arguments and records are. Whole numbers; the server's time; every read before the first write. The version of
//!    the schema stands in the key, where [`Script`](crate::Script) puts it, and at the start of the record: a release
//!    that changes the record raises both, and runs beside the one before. Replies are read strictly.
//! 5. **What if not.** [`Fallback::ask`] makes the call, within its budget, and says what counts if there is no answer;
//!    or a [`Question`] does, where that depends on what is asked. Decide for each operation what an
//!    [ambiguous](crate::ErrorKind::Ambiguous) answer means: a count may have been made twice; a token must not be. Say
//!    in the documentation what a failover loses.
//! 6. **The engine.** One enum with a variant for each, `From` both, `Wait =` [`Asking`]. In memory it is
//!    [`Step::Now`].
//! 7. **The suite.** Public, behind the feature `conformance`: every promise of the trait, run against memory, the
//!    engine, and Redis on every server that is supported. Authors of other engines run it, too.
//!
//! # Cost
//!
//! In memory there is no future, no box and no allocation. Redis costs a box for the wait, beside the round trip;
//! while it is known to be gone, nothing: the answer is there at once.

mod asking;
mod condition;
mod fallback;
mod question;
mod well;

pub use self::asking::Asking;
pub use self::fallback::{CATALOGUE, Fallback};
pub use self::question::Question;
pub use buttress_core::engine::{Answered, Degrade, Step, StepFuture};
