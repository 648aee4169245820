#[cfg(feature = "ratelimit")]
mod rate_limit;

use std::fmt;

use buttress_core::clock::Clock;
use buttress_core::metrics::Metrics;
use buttress_core::stage::{Guarded, Stage, Then};
use buttress_core::{BuildError, ContextBuilder, Faults};
#[cfg(feature = "error-envelope")]
use buttress_error_envelope::{ErrorEnvelopeBuilder, Negotiation};

#[cfg(feature = "error-envelope")]
use super::enveloped::Errors;
use super::parts::Probes;
use super::wall::Layers;
use super::{Inbound, InboundSettings, Limits};

/// Collects what the inbound wall is made of.
#[must_use = "nothing happens until `build` is called"]
pub struct InboundBuilder<T = (), L = ()> {
    context: ContextBuilder,
    probes: Probes,
    #[cfg(feature = "error-envelope")]
    errors: Errors,
    catch_panics: bool,
    limits: L,
    own: T,
}

impl<T: Stage, L: Limits> InboundBuilder<T, L> {
    /// Names the proxies, as networks or addresses, whose word about the client is taken. The default is
    /// none.
    pub fn trusted_proxies<I>(self, proxies: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.context(|context| context.trusted_proxies(proxies))
    }

    /// Changes the settings of the context.
    ///
    /// ```
    /// use buttress::{Inbound, Trust};
    ///
    /// let wall = Inbound::builder()
    ///     .context(|context| context.request_ids_from(Trust::Anyone))
    ///     .context(|context| context.addresses(|addresses| addresses.ipv6_prefix(200)))
    ///     .build();
    /// assert_eq!(wall.unwrap_err().faults()[0].path(), "context.addresses.ipv6_prefix");
    /// ```
    pub fn context(mut self, change: impl FnOnce(ContextBuilder) -> ContextBuilder) -> Self {
        self.context = change(self.context);
        self
    }

    /// Counts the problems that the wall answers: `buttress_errors_total` and `buttress_brief_answers_total`. The
    /// default is not to.
    ///
    /// Health checks, rate limits and the server are made before they come here, and have a `metrics` of their own.
    ///
    /// ```
    /// use buttress::{Inbound, metrics::Metrics};
    ///
    /// let metrics = Metrics::none(); // with the feature `metrics`, `Metrics::facade()`
    /// let wall = Inbound::builder().metrics(&metrics).build()?;
    /// # Ok::<(), buttress::BuildError>(())
    /// ```
    pub fn metrics(self, metrics: &Metrics) -> Self {
        self.context(|context| context.answers(|answers| answers.metrics(metrics)))
    }

    /// Sets the clock of the context and of its answers: ids, deadlines, timestamps, floods. The default is the
    /// system's. Health checks and rate limits have a `clock` of their own.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.context(|context| context.clock(clock))
    }

    /// Sets whether panics of the handler become answers, as those of stages do. The default is yes.
    pub fn catch_panics(mut self, catch: bool) -> Self {
        self.catch_panics = catch;
        self
    }

    /// Gives every failure of the service one shape, in the format that its client accepts.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use buttress::Inbound;
    /// use http::Request;
    /// # use http_body_util::BodyExt;
    /// # use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let wall = Inbound::builder().error_envelope(|envelope| envelope.leave_path("/pages")).build()?;
    /// let app = Router::new().route("/orders", get(|| async { "none" })).layer(wall);
    ///
    /// for (path, answer) in [("/order", "NOT_FOUND: "), ("/pages/7", "")] {
    ///     let request = Request::get(path).header("accept", "text/plain").body(Body::empty())?;
    ///     let body = app.clone().oneshot(request).await?.into_body().collect().await?.to_bytes();
    ///     assert!(body.starts_with(answer.as_bytes()) && body.is_empty() == answer.is_empty());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "error-envelope")]
    pub fn error_envelope(
        mut self,
        change: impl FnOnce(ErrorEnvelopeBuilder) -> ErrorEnvelopeBuilder,
    ) -> Self {
        self.errors.envelope = Some(change(self.errors.envelope.unwrap_or_default()));
        self
    }

    /// Sets which formats clients may have their errors in. The default, with an envelope, is
    /// [`Negotiation::default`]. It goes before a chooser in the answers of the context.
    #[cfg(feature = "error-envelope")]
    pub fn error_formats(mut self, offer: Negotiation) -> Self {
        self.errors.formats = Some(Ok(offer));
        self
    }

    /// Answers probes, before anything refuses. The checks run where you [spawn](crate::health::HealthChecks::spawn)
    /// them.
    ///
    /// ```
    /// use axum::{Router, body::Body};
    /// use buttress::Inbound;
    /// use buttress::health::HealthChecks;
    /// use http::Request;
    /// # use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let health = HealthChecks::builder().version("1.2.3").build()?;
    /// let wall = Inbound::builder().health(&health).build()?;
    ///
    /// // The router knows of no probes.
    /// let app = Router::new().layer(wall);
    /// for (path, status) in [("/health/live", 200), ("/health/dead", 404)] {
    ///     let response = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    ///     assert_eq!(response.status(), status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "health")]
    pub fn health(mut self, health: &buttress_health::HealthChecks) -> Self {
        self.probes = Some(health.stage());
        self
    }

    /// Adds a stage of your own, inside of all others but for limits by caller.
    ///
    /// It is [guarded](Guarded): a panic of it is a refusal, which leaves through the stages outside.
    ///
    /// ```
    /// use buttress::prelude::*;
    /// use buttress::stage::gate_fn;
    ///
    /// let closed = gate_fn(|_: &mut dyn RequestHead| Err(Problem::new(Code::UNAVAILABLE)));
    /// let wall = Inbound::builder().then(closed).build();
    /// assert!(wall.is_ok());
    /// ```
    pub fn then<N: Stage>(self, stage: N) -> InboundBuilder<Then<T, Guarded<N>>, L> {
        InboundBuilder {
            context: self.context,
            probes: self.probes,
            #[cfg(feature = "error-envelope")]
            errors: self.errors,
            catch_panics: self.catch_panics,
            limits: self.limits,
            own: self.own.then(Guarded::new(stage)),
        }
    }

    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Inbound<L::Around<T>>, BuildError> {
        let mut faults = Faults::new();
        let built = self.built(&mut faults);
        faults.finish(built)
    }

    pub(super) fn built(self, faults: &mut Faults) -> Inbound<L::Around<T>> {
        #[cfg(feature = "error-envelope")]
        let (context, envelope) = self.errors.built(self.context, faults);
        #[cfg(not(feature = "error-envelope"))]
        let context = self.context;
        let context = faults.within("context", context.build()).unwrap_or_default();
        let own = self.limits.around(self.own);
        let stages = context.then(self.probes).then(own).layer();
        let stages = if self.catch_panics { stages.catch_panics() } else { stages };
        let layers = Layers::new(
            stages,
            #[cfg(feature = "error-envelope")]
            envelope,
        );
        Inbound { layers }
    }
}

impl From<InboundSettings> for InboundBuilder {
    fn from(settings: InboundSettings) -> Self {
        Self {
            context: settings.context.into(),
            probes: Probes::default(),
            #[cfg(feature = "error-envelope")]
            errors: Errors::new(settings.error_envelope, settings.error_formats),
            catch_panics: settings.catch_panics,
            limits: (),
            own: (),
        }
    }
}

impl Default for InboundBuilder {
    fn default() -> Self {
        Self::from(InboundSettings::default())
    }
}

impl<T, L> fmt::Debug for InboundBuilder<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundBuilder")
            .field("context", &self.context)
            .field("catch_panics", &self.catch_panics)
            .finish_non_exhaustive()
    }
}
