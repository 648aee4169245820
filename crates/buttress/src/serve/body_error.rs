use std::error::Error;
use std::fmt;

type BoxError = Box<dyn Error + Send + Sync>;

/// A request body broke off: the connection failed, the client reset the stream, or was too slow.
///
/// ```
/// use buttress::serve::{BodyError, RequestBody, Server};
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// # use bytes::Bytes;
/// # use std::{convert::Infallible, time::Duration};
/// # use tokio::io::AsyncWriteExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (errors, mut heard) = tokio::sync::mpsc::unbounded_channel();
/// let app = tower::service_fn(move |request: Request<RequestBody>| {
/// #   let errors = errors.clone();
///     async move {
///         let error: BodyError = request.into_body().collect().await.unwrap_err();
///         let status = if error.is_too_slow() { 408 } else { 400 };
/// #       errors.send((error.to_string(), status)).unwrap();
/// #       let body = Full::<Bytes>::default();
///         Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
///     }
/// });
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
/// # let server = Server::builder().lead_time(Duration::ZERO).signals(false).build()?;
/// # let (shutdown, serving) = (server.handle(), tokio::spawn(server.serve(listener, app)));
///
/// // The client promises ten bytes, and goes away after four.
/// client.write_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf").await?;
/// drop(client);
/// assert_eq!(heard.recv().await, Some(("the request body broke off".to_owned(), 400)));
/// # shutdown.begin();
/// # assert!(serving.await?.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BodyError {
    pub(super) source: Option<BoxError>,
}

impl BodyError {
    pub(super) fn too_slow() -> Self {
        Self { source: None }
    }

    /// Whether a limit of the server ended it.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        self.source.is_none()
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Some(_) => "the request body broke off",
            None => "the request body came too slowly",
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
