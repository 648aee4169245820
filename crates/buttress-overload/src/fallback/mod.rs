//! Fallbacks: something else, where a call would fail.
//!
//! A value, made of what came instead of an answer:
//!
//! ```
//! use buttress_core::outcome::{Outcome, classify_fn};
//! use buttress_overload::fallback::Fallback;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // A rate that is asked for; the last known one has to do where nobody answers.
//! let rates = service_fn(|currency: &'static str| async move {
//!     if currency == "EUR" { Ok(1.0) } else { Err("no route to host") }
//! });
//! let judge = classify_fn(|result: Result<&f64, &&str>| match result {
//!     Ok(_) => Outcome::Success,
//!     Err(_) => Outcome::Failure,
//! });
//! let last_known = Fallback::value(|_| Ok(1.07)).on([Outcome::Failure]).classify(judge);
//! let rates = last_known.layer(rates);
//!
//! assert_eq!(rates.clone().oneshot("EUR").await, Ok(1.0));
//! assert_eq!(rates.oneshot("USD").await, Ok(1.07));
//! # }
//! ```
//!
//! Or another service, which is asked instead:
//!
//! ```
//! use buttress_core::{Code, Problem};
//! use buttress_overload::bulkhead::Bulkhead;
//! use buttress_overload::fallback::Fallback;
//! use http::{Request, Response};
//! # use std::convert::Infallible;
//! # use bytes::Bytes;
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let answers = |region: &'static str| service_fn(move |_: Request<()>| async move {
//! #     let mut response = Response::new(Full::new(Bytes::new()));
//! #     response.headers_mut().insert("x-region", region.parse().unwrap());
//! #     Ok::<_, Infallible>(response)
//! # });
//! let bulkhead = Bulkhead::of(1).build()?;
//! let here = bulkhead.layer().keep_body().layer(answers("here"));
//! // By default only what our own wall refuses goes elsewhere.
//! let client = Fallback::service(answers("elsewhere")).layer(here);
//!
//! assert_eq!(client.clone().oneshot(Request::new(())).await?.headers()["x-region"], "here");
//! let _taken = bulkhead.try_enter()?;
//! assert_eq!(client.oneshot(Request::new(())).await?.headers()["x-region"], "elsewhere");
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - By default it stands in only for [refusals](buttress_core::outcome::Outcome::Rejected) of our own wall: a failure
//!   that the dependency has answered is news, and passes.
//! - An answer that a [`Classify`](buttress_core::outcome::Classify) can only judge by the end of its body counts as a
//!   success: an answer that has begun passes.
//! - The service that stands in is polled ready before it is called, and only then; the one that was called first is
//!   the instance that was polled ready.
//! - An answer that is replaced is dropped before the other service is asked.
//!
//! # Cancellation
//!
//! Dropping the future drops whichever call is under way.
//!
//! # Cost
//!
//! A value costs a judgement for each call. A service costs a clone of each request, and one of itself when it is
//! asked.
//!
//! # Errors
//!
//! None of its own: those of whichever service answers.

mod instead;
mod outcomes;
mod policy;
mod service;
mod value;

pub use self::instead::InsteadFuture;
pub use self::policy::{Fallback, Instead, Value};
pub use self::service::FallbackService;
pub use self::value::ValueFuture;
