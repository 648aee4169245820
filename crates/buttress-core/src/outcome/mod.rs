//! How a call ended, as its caller sees it.
//!
//! A circuit breaker, a retry, a hedge and a limit that counts failures ask the same question of every call: did it
//! succeed, and if not, whose fault was it? A [`Classify`] answers it, once, for all of them: from the error, from the
//! head of the response, or from the end of its body, where gRPC says it.
//!
//! ```
//! use buttress_core::outcome::{BodyKind, Classify, HttpClassify, Outcome, Verdict};
//! use bytes::Bytes;
//! use http::{Response, StatusCode};
//! use http_body_util::Full;
//! use std::io;
//!
//! let classify = HttpClassify::new();
//! let judge = |status: StatusCode| {
//!     let mut response = Response::new(Full::<Bytes>::from("hello"));
//!     *response.status_mut() = status;
//!     Classify::<_, io::Error>::response(&classify, &response)
//! };
//!
//! assert_eq!(judge(StatusCode::OK), Verdict::AtEnd(BodyKind::Other), "its body may still break off");
//! assert_eq!(judge(StatusCode::NOT_FOUND).outcome(), Some(Outcome::Success), "it did answer");
//! assert_eq!(judge(StatusCode::BAD_GATEWAY).outcome(), Some(Outcome::Failure));
//! assert_eq!(judge(StatusCode::TOO_MANY_REQUESTS).outcome(), Some(Outcome::Throttled));
//! ```
//!
//! [`HttpClassify`] is for HTTP and gRPC; for anything else, a database for one, a closure will do: see
//! [`classify_fn`]. A layer learns of one call through its [`Ticket`], which a [`JudgedBody`] takes along to the last
//! frame.
//!
//! # Guarantees
//!
//! - A ticket is settled once, or dropped: then the caller went away before it was known how the call ended.
//! - [`Reached::No`], which allows to repeat anything, is said of a connection that was refused, by the `io::Error`
//!   behind an error, and where a [`ReadError`] knows. A service that did something before it failed to connect
//!   elsewhere should put a [`Problem`](crate::Problem) in front of that error: then it is not said.
//! - Frames, hints and trailers pass a [`JudgedBody`] untouched.
//! - A refusal of our own wall says nothing about the dependency: it is [`Rejected`](Outcome::Rejected). Nor does a
//!   failure that was the [fault of the caller](CallersFault).
//!
//! # Cancellation
//!
//! A ticket that is dropped unsettled gives back whatever its own `Drop` gives back. A [`JudgedBody`] drops it with the
//! body.
//!
//! # Cost
//!
//! No allocation. A response that succeeded is judged by its status and version, and by the type of its content only if
//! it may be gRPC: over HTTP/2 and later, or where its length is not known or nothing.
//!
//! # Errors
//!
//! None of its own: it judges those of others.

mod answer;
mod body;
mod by_result;
mod callers_fault;
mod classify;
mod closure;
mod errors;
mod http;
mod judged_answer;
mod judgement;
mod kind;
mod refused;
mod ticket;

pub use self::answer::{Answer, AsError, Wants};
#[doc(hidden)]
pub use self::body::Follows;
pub use self::body::JudgedBody;
pub use self::by_result::by_result;
pub use self::callers_fault::CallersFault;
pub use self::classify::{BodyKind, Classify, ClassifyEnd, Verdict};
pub use self::closure::{ClassifyFn, classify_fn};
pub use self::errors::{BoxedErrors, ReadError};
pub use self::http::HttpClassify;
pub(crate) use self::http::forbid_retry;
pub use self::judged_answer::JudgedAnswer;
pub use self::judgement::{Advice, Judgement, Reached};
pub use self::kind::Outcome;
pub use self::refused::LocalRefusal;
pub use self::ticket::Ticket;
