use std::error::Error;
use std::fmt;

use buttress_core::{Code, Problem};

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
///
/// Behind one that was too slow stands a [`Problem`]: the extractors of the error envelope, and whatever else looks for
/// it there, answer 408.
#[derive(Debug)]
pub struct BodyError {
    source: BoxError,
    too_slow: bool,
}

impl BodyError {
    pub(super) fn too_slow() -> Self {
        let problem = Problem::new(Code::REQUEST_TIMED_OUT);
        Self { source: problem.into(), too_slow: true }
    }

    pub(super) fn broke_off(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), too_slow: false }
    }

    /// Whether a limit of the server ended it.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        self.too_slow
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.too_slow {
            "the request body came too slowly"
        } else {
            "the request body broke off"
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
