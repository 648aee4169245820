use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::{Extensions, HeaderName};

use super::headers::names;
use super::hop::Hop;
use super::rules::{Find, Rules};
use super::settings::ContextSettings;
use super::stage::Context;
use crate::address::{AddressResolver, AddressResolverBuilder};
use crate::clock::{Clock, SharedClock};
use crate::render::{Answers, AnswersBuilder, Format};
use crate::stage::RequestHead;
use crate::{BuildError, Faults, Redact};

/// Whose word about a request is taken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trust {
    /// That of nobody.
    Nobody,
    /// That of the trusted proxies, of which there are none until some are named.
    #[default]
    Proxies,
    /// That of anyone.
    Anyone,
}

/// Collects the settings of a [`Context`].
#[must_use = "nothing happens until `build` is called"]
pub struct ContextBuilder {
    settings: ContextSettings,
    addresses: AddressResolverBuilder,
    clock: SharedClock,
    answers: AnswersBuilder,
    peer: Option<Find<SocketAddr>>,
}

impl ContextBuilder {
    pub(super) fn new(settings: ContextSettings) -> Self {
        let addresses = settings.addresses.clone().into();
        let answers = settings.answers.clone().into();
        Self { settings, addresses, clock: SharedClock::System, answers, peer: None }
    }

    /// Names the proxies, as networks (`10.0.0.0/8`) or addresses, whose word about the client is taken.
    ///
    /// The default is none: then the client is the peer of the connection.
    pub fn trusted_proxies<I>(self, proxies: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.addresses(|addresses| addresses.trusted_proxies(proxies))
    }

    /// Changes how the client is found: which header the proxies write, what makes one client of IPv6.
    pub fn addresses(
        mut self,
        change: impl FnOnce(AddressResolverBuilder) -> AddressResolverBuilder,
    ) -> Self {
        self.addresses = change(self.addresses);
        self
    }

    /// Sets the header for the id of the request. The default is `X-Request-Id`.
    pub fn request_id_header(mut self, name: &HeaderName) -> Self {
        name.as_str().clone_into(&mut self.settings.request_id_header);
        self
    }

    /// Sets whose ids are taken over. The default is [`Trust::Proxies`].
    pub fn request_ids_from(mut self, whom: Trust) -> Self {
        self.settings.request_ids_from = whom;
        self
    }

    /// Sets whose traces are continued. The default is [`Trust::Anyone`].
    pub fn traces_from(mut self, whom: Trust) -> Self {
        self.settings.traces_from = whom;
        self
    }

    /// Sets whether traces that start here are marked as sampled. The default is no.
    pub fn sample_new_traces(mut self, sample: bool) -> Self {
        self.settings.sample_new_traces = sample;
        self
    }

    /// Sets the header for the time that is left, in milliseconds, or none. The default is
    /// `X-Request-Timeout-Ms`. `grpc-timeout` is always understood.
    pub fn deadline_header(mut self, name: Option<&HeaderName>) -> Self {
        self.settings.deadline_header = name.map(|name| name.as_str().to_owned());
        self
    }

    /// Sets the header that says how often a request was sent before, or none. The default is `X-Request-Attempt`.
    /// `grpc-previous-rpc-attempts` is always understood.
    pub fn attempt_header(mut self, name: Option<&HeaderName>) -> Self {
        self.settings.attempt_header = name.map(|name| name.as_str().to_owned());
        self
    }

    /// Sets the clock. The default is the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::of(clock);
        self
    }

    /// Sets what must not stand in the log, beside the names in the settings. The default is [`Redact`]'s own.
    pub fn redact(self, redact: Redact) -> Self {
        self.answers(|answers| answers.redact(redact))
    }

    /// Changes how problems are answered: formats, words, what the log and the metrics hear.
    ///
    /// ```
    /// use buttress_core::Context;
    ///
    /// let context = Context::builder().answers(|answers| answers.log_lines_per_second(0)).build();
    /// assert_eq!(context.unwrap_err().faults()[0].path(), "answers.log_lines_per_second");
    /// ```
    pub fn answers(mut self, change: impl FnOnce(AnswersBuilder) -> AnswersBuilder) -> Self {
        self.answers = change(self.answers);
        self
    }

    /// Sets how to find who is connected, for servers that leave it in a place of their own.
    ///
    /// The default is [`PeerAddress::find`](super::PeerAddress::find).
    pub fn peer(
        mut self,
        find: impl Fn(&Extensions) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        self.peer = Some(Box::new(find));
        self
    }

    /// Sets how to find the format that a client wants its errors in. The default is [`Format::of`].
    pub fn format(
        self,
        choose: impl Fn(&dyn RequestHead) -> Format + Send + Sync + 'static,
    ) -> Self {
        self.answers(|answers| answers.format(choose))
    }

    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Context, BuildError> {
        let mut faults = Faults::new();
        let settings = &self.settings;
        let addresses = faults.within("addresses", self.addresses.build());
        let names = names(&mut faults, settings);

        let hidden = faults.within("redact", settings.redact.clone().build()).unwrap_or_default();
        let answers = self.answers.redact_also(hidden).shared_clock(self.clock.clone()).build();
        let answers = faults.within("answers", answers).unwrap_or_default();
        let rules = Rules {
            hop: Hop::new(self.clock, names),
            ids_from: settings.request_ids_from,
            traces_from: settings.traces_from,
            sampled: settings.sample_new_traces,
            answers,
            addresses: addresses.unwrap_or_default(),
            peer: self.peer,
            missed: AtomicBool::new(false),
        };
        faults.finish(Context { rules: Arc::new(rules) })
    }

    /// The defaults, in which nothing can be wrong.
    pub(super) fn build_default() -> Context {
        let settings = ContextSettings::default();
        let rules = Rules {
            hop: Hop { clock: SharedClock::System, names: None },
            ids_from: settings.request_ids_from,
            traces_from: settings.traces_from,
            sampled: settings.sample_new_traces,
            answers: Answers::default(),
            addresses: AddressResolver::default(),
            peer: None,
            missed: AtomicBool::new(false),
        };
        Context { rules: Arc::new(rules) }
    }
}

impl From<ContextSettings> for ContextBuilder {
    fn from(settings: ContextSettings) -> Self {
        Self::new(settings)
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
