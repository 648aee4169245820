//! A service under the test's hand.
//!
//! [`service`] makes a pair: the [`Mock`] goes under the layer, the [`Handle`] stays with the test. The
//! handle opens and shuts readiness, decides how calls are answered, and counts what happened. The mock
//! is as strict as tower allows a service to be: every instance, a clone too, must be polled ready
//! before each call; readiness is a reservation until it is spent by a call or dropped with its owner.
//! A call without it is a breach, which is counted and panics.
//!
//! ```
//! use buttress_testkit::{mock, poll};
//! use http::{Request, Response};
//! use std::pin::pin;
//! use tower::{Layer, ServiceExt, util::MapRequestLayer};
//!
//! let (service, inner) = mock::service();
//! let layer = MapRequestLayer::new(|request: Request<()>| request.map(|()| "mapped"));
//!
//! // The call stays in the test's hand until it is answered.
//! inner.hold();
//! let mut response = pin!(layer.layer(service).oneshot(Request::new(())));
//! poll::assert_pending(response.as_mut());
//! let call = inner.take_call().unwrap();
//! assert_eq!(*call.request().body(), "mapped");
//! assert_eq!(inner.counts().in_flight, 1);
//!
//! call.answer(Response::new("done".into()));
//! assert!(poll::assert_ready(response).is_ok());
//! assert_eq!(inner.counts().in_flight, 0);
//! ```

mod call;
mod error;
mod future;
mod handle;
mod service;
mod state;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;

pub use self::call::Call;
pub use self::error::MockError;
pub use self::future::ResponseFuture;
pub use self::handle::Handle;
pub use self::service::Mock;
pub use self::state::Counts;

use self::state::Shared;

/// A mock that is ready and answers `200 OK` at once, and the handle that changes that.
///
/// See the [module](self) for an example.
#[must_use]
pub fn service<ReqB>() -> (Mock<ReqB>, Handle<ReqB>) {
    service_of::<ReqB, Full<Bytes>, MockError>()
}

/// The same as [`service`], with the response body and the error type of the test's choosing.
///
/// ```
/// use buttress_testkit::{mock, poll};
/// use http::Request;
/// use tower::ServiceExt;
///
/// let (service, inner) = mock::service_of::<(), String, &'static str>();
/// inner.fail("no luck");
///
/// assert_eq!(poll::assert_ready(service.oneshot(Request::new(()))).unwrap_err(), "no luck");
/// ```
#[must_use]
pub fn service_of<ReqB, ResB, E>() -> (Mock<ReqB, ResB, E>, Handle<ReqB, ResB, E>)
where
    ResB: Default,
{
    let shared = Arc::new(Shared::new());
    (Mock::new(Arc::clone(&shared)), Handle { shared })
}
