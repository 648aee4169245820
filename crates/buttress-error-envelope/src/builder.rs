use std::fmt;

use buttress_core::BuildError;
use buttress_core::render::Answers;
use http::response::Parts;

use crate::rules::{LeaveIf, Rules};
use crate::{ErrorEnvelopeLayer, ErrorEnvelopeSettings};

/// Collects the settings of an [`ErrorEnvelopeLayer`].
///
/// ```
/// use buttress_error_envelope::ErrorEnvelopeLayer;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let not_found = service_fn(|_: Request<()>| async {
/// #     let response = Response::builder().status(404).header("content-type", "text/html");
/// #     Ok::<_, Infallible>(response.body(Full::new(Bytes::from("<h1>404</h1>"))).unwrap())
/// # });
/// // Around a service that answers 404 with a page of its own, which is wanted below one path alone.
/// let envelope = ErrorEnvelopeLayer::builder().leave_path("/pages").build()?;
/// for (path, kind) in [("/orders/7", "application/json"), ("/pages/7", "text/html")] {
///     let response = envelope.layer(not_found).oneshot(Request::get(path).body(())?).await?;
///     assert_eq!(response.headers()["content-type"], kind);
/// }
///
/// let error = ErrorEnvelopeLayer::builder().leave_path("pages").read_at_most(0).build().unwrap_err();
/// assert_eq!(error.faults().len(), 2, "all that is wrong, at once");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens until `build` is called"]
pub struct ErrorEnvelopeBuilder {
    settings: ErrorEnvelopeSettings,
    answers: Option<Answers>,
    leave_if: Option<LeaveIf>,
    within_context: bool,
}

impl ErrorEnvelopeBuilder {
    /// Sets how problems are answered where no context stands outside, and what is redacted anywhere.
    ///
    /// Where a context does stand outside, its answers are the ones that count: share
    /// [them](buttress_core::Context::answers).
    pub fn answers(mut self, answers: Answers) -> Self {
        self.answers = Some(answers);
        self
    }

    /// Says that a context stands outside, whatever comes, so that no request has to be asked for it. The facade's wall
    /// does so.
    ///
    /// Where there is none after all, a failure has a status, and no body: nobody renders it.
    pub fn within_context(self) -> Self {
        Self { within_context: true, ..self }
    }

    /// Sets whether failures are rewritten at all. The default is yes.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.settings.enabled = enabled;
        self
    }

    /// Leaves failures of this kind alone: `text/html`, `image/*`, `application/*+json`, or `*/*`, if it has one.
    pub fn leave_content_type(mut self, kind: impl Into<String>) -> Self {
        self.settings.leave_content_types.push(kind.into());
        self
    }

    /// Leaves failures at this path, and below it, alone.
    ///
    /// It is the path that the client asked for: in axum, with the feature `axum`, also in a router that is nested in
    /// another one. Any other layer that cuts the path off leaves the rest to be compared.
    pub fn leave_path(mut self, path: impl Into<String>) -> Self {
        self.settings.leave_paths.push(path.into());
        self
    }

    /// Leaves failures of this route alone: its template, as in `/files/{*path}`.
    ///
    /// The route must be known when the request comes by: in axum, for layers of the router. Where the context stands
    /// outside of the router, that takes the feature `axum`, and the context learns the route for log and metrics.
    pub fn leave_route(mut self, template: impl Into<String>) -> Self {
        self.settings.leave_routes.push(template.into());
        self
    }

    /// Leaves failures alone for whose head this is true.
    pub fn leave_if(mut self, leave: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.leave_if = Some(Box::new(leave));
        self
    }

    /// Sets whether the words of a foreign refusal become the message, as far as they are harmless. The
    /// default is yes. Those of a failure of the server never do.
    pub fn keep_texts(mut self, keep: bool) -> Self {
        self.settings.keep_texts = keep;
        self
    }

    /// Sets how much of a foreign body is read, in bytes: a longer one is not looked at. The default is 4 KiB.
    pub fn read_at_most(mut self, bytes: u32) -> Self {
        self.settings.read_at_most = bytes;
        self
    }

    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<ErrorEnvelopeLayer, BuildError> {
        self.settings.check()?;
        Ok(self.built())
    }

    /// For the defaults, in which nothing can be wrong.
    pub(crate) fn built(self) -> ErrorEnvelopeLayer {
        let Self { settings, answers, leave_if, within_context } = self;
        ErrorEnvelopeLayer::new(Rules::new(settings, answers, leave_if, within_context))
    }
}

impl From<ErrorEnvelopeSettings> for ErrorEnvelopeBuilder {
    fn from(settings: ErrorEnvelopeSettings) -> Self {
        Self { settings, answers: None, leave_if: None, within_context: false }
    }
}

impl Default for ErrorEnvelopeBuilder {
    fn default() -> Self {
        Self::from(ErrorEnvelopeSettings::default())
    }
}

impl fmt::Debug for ErrorEnvelopeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorEnvelopeBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
