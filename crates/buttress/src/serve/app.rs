use std::error::Error;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::RequestBody;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What can be served: all that this module asks of an application, said once.
pub(super) trait App:
    Service<
        Request<RequestBody>,
        Response = Response<<Self as App>::Body>,
        Error: Into<BoxError>,
        Future: Send,
    > + Clone
    + Send
    + 'static
{
    /// The body of its responses.
    type Body: Body<Data: Send, Error: Into<BoxError>> + Send + 'static;
}

impl<S, B> App for S
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;
}
