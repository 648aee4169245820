use std::error::Error;
use std::fmt;

use http::StatusCode;

/// That a service has answered a failure by itself: the source of the problem in its place, for the log.
///
/// ```
/// use buttress_core::Problem;
/// use buttress_error_envelope::{ErrorEnvelopeLayer, ForeignFailure};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use std::error::Error;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn Error>> {
/// # let broken = service_fn(|_: Request<()>| async {
/// #     let response = Response::builder().status(502).header("content-type", "text/plain");
/// #     Ok::<_, Infallible>(response.body(Full::new(Bytes::from("db7 refused"))).unwrap())
/// # });
/// // Around a service that answers 502, and says why.
/// let response = ErrorEnvelopeLayer::default().layer(broken).oneshot(Request::new(())).await?;
/// let problem = response.extensions().get::<Problem>().unwrap();
/// let source = problem.source().and_then(|source| source.downcast_ref::<ForeignFailure>()).unwrap();
/// assert_eq!(source.to_string(), "the service answered 502: db7 refused");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ForeignFailure {
    status: StatusCode,
    text: Option<Box<str>>,
}

impl ForeignFailure {
    pub(super) fn new(status: StatusCode, text: Option<&str>) -> Self {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        Self { status, text: text.map(Into::into) }
    }

    /// The status that it answered.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Display for ForeignFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answered {}", self.status.as_u16())?;
        match &self.text {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

impl Error for ForeignFailure {}
